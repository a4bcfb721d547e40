import { Type, type Static, type TSchema } from 'typebox';
import { Check } from 'typebox/value';

import { clientCpu, Participant } from '../participants/participant.ts';
import type { SuiteOptions } from '../suites/suite.ts';
import type { Costs } from './model.ts';
import { chosen, over, type Range } from './range.ts';

/** Recipients of each push, and pushes, that are written into a journal to see how large it gets. */
const recipients = 100;
const stored = 200;

const Measured = Type.Object({ median: Type.Number(), min: Type.Number(), max: Type.Number() });
const MemorySuite = Type.Object({
  'runtime, bytes of rss': Measured,
  'runtime, idle, % of a core': Measured,
  'runtime, idle, bytes a second': Measured,
  'connections of each': Type.Number(),
});
const FanOutSuite = Type.Object({
  '1000 recipients': Type.Object({ 'push, µs of server per delivery': Measured }),
});

const CountsSuite = Type.Object({
  'bytes on the wire of a delivery': Type.Number(),
  'commits of a delivery': Type.Number(),
});

/** What one of each costs, from the suites before; the bytes of a journal are counted here. */
export const costsOf = async ({ measured, tell }: SuiteOptions): Promise<Costs> => {
  const memory = detailsOf(measured.suites, 'memory', MemorySuite);
  const fanOut = detailsOf(measured.suites, 'fan-out', FanOutSuite);
  const counts = detailsOf(measured.suites, 'counts', CountsSuite);
  const connected = chosen(memory['connections of each'] * 100);
  tell('bytes of journals');
  return {
    memory: rangeOf(memory['runtime, bytes of rss']),
    idleProcessor: over(rangeOf(memory['runtime, idle, % of a core']), connected),
    idleWire: rangeOf(memory['runtime, idle, bytes a second']),
    delivery: over(rangeOf(fanOut['1000 recipients']['push, µs of server per delivery']), chosen(1e6)),
    ...(await storedBytes()),
    deliveryWire: chosen(counts['bytes on the wire of a delivery']),
    commits: chosen(counts['commits of a delivery']),
  };
};

/** @throws Error where the suite was not run, or failed. */
const detailsOf = <Schema extends TSchema>(
  suites: SuiteOptions['measured']['suites'],
  name: string,
  schema: Schema,
): Static<Schema> => {
  const details = suites[name];
  if (!Check(schema, details)) throw new Error(`Capacity is reckoned from ${name}, which has no result.`);
  return details;
};

const rangeOf = ({ median, min, max }: Static<typeof Measured>): Range => ({ value: median, min, max });

/** Bytes of the journal's files for a push, and for each recipient beyond the first. */
const storedBytes = async (): Promise<Pick<Costs, 'push' | 'recipient'>> => {
  const bytesWith = async (each: number): Promise<number> => {
    await using relay = await Participant.start({ program: 'relay', cpu: clientCpu });
    const order = { count: stored, recipients: each, journal: { kind: 'sqlite' } };
    return (await relay.ask('fill', order, Type.Object({ bytes: Type.Number() }))).bytes / stored;
  };
  const one = await bytesWith(1);
  const many = await bytesWith(recipients);
  return { push: chosen(one), recipient: chosen((many - one) / (recipients - 1)) };
};
