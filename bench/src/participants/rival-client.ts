import { Type, type Static } from 'typebox';
import { Check } from 'typebox/value';

import { CarriedSchema, type Carrier } from '../carriers/carrier.ts';
import { nats } from '../carriers/nats.ts';
import { redis } from '../carriers/redis.ts';
import { ws } from '../carriers/ws.ts';
import { command, serve } from './serve.ts';
import { accepting, AnchorEnvelopeSchema, AnchorKeysSchema, receiving, signing } from './signing.ts';
import type { AnchorEnvelope } from './signing.ts';
import { timesOf } from './times-of.ts';

export const RivalSchema = Type.Enum(['ws', 'nats', 'redis']);
export type RivalName = Static<typeof RivalSchema>;

const carriers: Readonly<Record<RivalName, Carrier>> = { ws, nats, redis };

interface Sender {
  readonly send: (text: string, answers: number) => Promise<void>;
  readonly sign: (envelope: AnchorEnvelope) => AnchorEnvelope;
}
let sender: Sender | undefined;

const Place = { name: RivalSchema, url: Type.String(), keys: AnchorKeysSchema };

/** Both ends of a rival in fan-out. */
serve({
  send: command(Type.Object({ ...Place, acceptance: Type.String() }), async (order) => {
    const { name, url, keys, acceptance } = order;
    const sign = signing(keys);
    const accept = accepting(keys, acceptance);
    sender = {
      send: await carriers[name].sender(url),
      // A broker signs nothing: its sender does the relay's part as well.
      sign: name === 'ws' ? sign : (envelope) => accept(sign(envelope)),
    };
    return {};
  }),

  receive: command(Type.Object({ ...Place, count: Type.Integer() }), async ({ name, url, keys, count }) => {
    const receive = receiving(keys);
    const take = (text: string): void => {
      const carried: unknown = JSON.parse(text);
      if (!Check(CarriedSchema, carried)) throw new TypeError('This is nothing that was carried.');
      if (carried.signed) receive(carried.envelope);
    };
    for (let index = 0; index < count; index += 1) await carriers[name].receiver(url, take);
    return {};
  }),

  sequence: command(
    Type.Object({
      signed: Type.Boolean(),
      envelope: AnchorEnvelopeSchema,
      count: Type.Integer(),
      answers: Type.Integer(),
    }),
    async ({ signed, envelope, count, answers }) => {
      if (sender === undefined) throw new Error('The sender is not connected.');
      const { send, sign } = sender;
      return timesOf(count, () =>
        send(JSON.stringify({ signed, envelope: signed ? sign(envelope) : envelope }), answers),
      );
    },
  ),
});
