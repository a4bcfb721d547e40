import { createServer } from 'node:http';

import { Server } from 'socket.io';
import { Type } from 'typebox';
import { Check } from 'typebox/value';

import { command, serve } from './serve.ts';
import {
  AnchorEnvelopeSchema,
  AnchorKeysSchema,
  privateKeyOf,
  publicKeyOf,
  requireSigned,
  signAnew,
  type AnchorEnvelope,
} from './signing.ts';
import { usage } from './usage.ts';

const room = 'receivers';
const answerWithinMs = 60_000;

type Answer = (value: object) => void;

/**
 * Socket.IO as one would use it: an event with an acknowledgement, answered here (`ack`), by one receiver (`forward`) or by
 * all of them (`fan-out`). The `-signed` ones do as many signatures and verifications as the path that they are held
 * against: the server verifies the statement and signs an acceptance, and whoever receives verifies both; where there is
 * no receiver but the server, it does the receiver's part as well.
 */
serve({
  ...usage,
  start: command(
    Type.Object({ keys: AnchorKeysSchema, acceptance: Type.String() }),
    async ({ keys, acceptance }) => {
      const sender = publicKeyOf(keys.senderPublic);
      const relay = publicKeyOf(keys.relayPublic);
      const sealing = privateKeyOf(keys.relayPrivate);

      const accept = (envelope: AnchorEnvelope): AnchorEnvelope => {
        requireSigned(envelope.pushData.statement, sender);
        return { ...envelope, pushData: { ...envelope.pushData, acceptance: signAnew(acceptance, sealing) } };
      };
      const receive = ({ pushData }: AnchorEnvelope): void => {
        requireSigned(pushData.statement, sender);
        requireSigned(pushData.acceptance, relay);
      };

      const http = createServer();
      // As the relay has it: nothing is compressed; clients speak WebSocket from the start.
      const io = new Server(http, {
        perMessageDeflate: false,
        serveClient: false,
        maxHttpBufferSize: 16 * 1024 * 1024,
      });
      const fanOut = async (event: string, envelope: AnchorEnvelope): Promise<object> => {
        const answers: unknown = await io.to(room).timeout(answerWithinMs).emitWithAck(event, envelope);
        return { status: true, answers: Array.isArray(answers) ? answers.length : 0 };
      };
      const forward = async (event: string, envelope: AnchorEnvelope): Promise<object> => {
        const [first] = io.of('/').adapter.rooms.get(room) ?? [];
        const receiver = first === undefined ? undefined : io.of('/').sockets.get(first);
        await receiver?.timeout(answerWithinMs).emitWithAck(event, envelope);
        return { status: receiver !== undefined };
      };

      io.on('connection', (socket) => {
        if (socket.handshake.auth.kind === 'receiver') void socket.join(room);
        const on = (event: string, take: (envelope: AnchorEnvelope) => object | Promise<object>): void => {
          socket.on(event, (envelope: unknown, answer: Answer) => {
            if (!Check(AnchorEnvelopeSchema, envelope)) throw new TypeError('This is no envelope.');
            void Promise.resolve(take(envelope)).then(answer);
          });
        };
        // Answered in the same turn, as nothing has to be waited for.
        socket.on('ack', (_envelope: unknown, answer: Answer) => answer({ status: true }));
        socket.on('ack-signed', (envelope: unknown, answer: Answer) => {
          if (!Check(AnchorEnvelopeSchema, envelope)) throw new TypeError('This is no envelope.');
          receive(accept(envelope));
          answer({ status: true });
        });
        on('forward', (envelope) => forward('deliver', envelope));
        on('forward-signed', (envelope) => forward('deliver-signed', accept(envelope)));
        on('fan-out', (envelope) => fanOut('deliver', envelope));
        on('fan-out-signed', (envelope) => fanOut('deliver-signed', accept(envelope)));
      });
      await new Promise<void>((resolve) => {
        http.listen(0, '127.0.0.1', resolve);
      });
      const address = http.address();
      if (typeof address !== 'object' || address === null) throw new Error('The server has no port.');
      return { url: `http://127.0.0.1:${address.port}` };
    },
  ),
});
