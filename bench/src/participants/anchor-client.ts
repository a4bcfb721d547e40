import { io, type Socket } from 'socket.io-client';
import { Type } from 'typebox';
import { Check } from 'typebox/value';

import { command, serve } from './serve.ts';
import {
  AnchorEnvelopeSchema,
  AnchorKeysSchema,
  asEnvelope,
  receiving,
  signing,
  type AnchorEnvelope,
} from './signing.ts';
import { timesOf } from './times-of.ts';

const answerWithinMs = 60_000;
const Answered = Type.Object({ status: Type.Literal(true), answers: Type.Optional(Type.Integer()) });

let sender:
  | { readonly socket: Socket; readonly sign: (envelope: AnchorEnvelope) => AnchorEnvelope }
  | undefined;

const connected = async (url: string, kind: 'sender' | 'receiver'): Promise<Socket> => {
  const socket = io(url, { transports: ['websocket'], forceNew: true, auth: { kind } });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return socket;
};

/** Both ends of an anchor: the sender with its acknowledgement, and receivers that verify where they are to. */
serve({
  send: command(Type.Object({ url: Type.String(), keys: AnchorKeysSchema }), async ({ url, keys }) => {
    sender = { socket: await connected(url, 'sender'), sign: signing(keys) };
    return {};
  }),

  receive: command(
    Type.Object({ url: Type.String(), keys: AnchorKeysSchema, count: Type.Integer() }),
    async ({ url, keys, count }) => {
      const receive = receiving(keys);
      for (let index = 0; index < count; index += 1) {
        const socket = await connected(url, 'receiver');
        socket.on('deliver', (_envelope: unknown, answer: (value: object) => void) =>
          answer({ status: true }),
        );
        socket.on('deliver-signed', (envelope: unknown, answer: (value: object) => void) => {
          receive(asEnvelope(envelope));
          answer({ status: true });
        });
      }
      return {};
    },
  ),

  /** Sends so many envelopes one after the other, each after the answer to the one before it. */
  sequence: command(
    Type.Object({
      event: Type.String(),
      signed: Type.Boolean(),
      envelope: AnchorEnvelopeSchema,
      count: Type.Integer(),
      answers: Type.Optional(Type.Integer()),
    }),
    async ({ event, signed, envelope, count, answers }) => {
      if (sender === undefined) throw new Error('The sender is not connected.');
      const { socket, sign } = sender;
      return timesOf(count, async () => {
        const answer: unknown = await socket
          .timeout(answerWithinMs)
          .emitWithAck(signed ? `${event}-signed` : event, signed ? sign(envelope) : envelope);
        if (!Check(Answered, answer) || answer.answers !== answers) throw new Error('Not all have answered.');
      });
    },
  ),
});
