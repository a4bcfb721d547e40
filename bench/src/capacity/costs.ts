import { Type, type Static, type TSchema } from 'typebox';
import { Check } from 'typebox/value';

import { CountsSchema } from '../participants/count-calls.ts';
import { clientCpu, Participant } from '../participants/participant.ts';
import { TrafficSchema } from '../participants/traffic.ts';
import { Installed } from '../push/installed.ts';
import type { SuiteOptions } from '../suites/suite.ts';
import type { Costs } from './model.ts';
import { chosen, over, type Range } from './range.ts';

const bytes = 1_024;
/** Recipients and pushes of what is counted here: bytes and commits are much the same each time. */
const recipients = 100;
const pushes = 20;
/** Pushes that are written into a journal to see how large it gets. */
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

/** What one of each costs: times and memory from the suites before, bytes and commits counted here. */
export const costsOf = async ({ measured, tell }: SuiteOptions): Promise<Costs> => {
  const memory = detailsOf(measured.suites, 'memory', MemorySuite);
  const fanOut = detailsOf(measured.suites, 'fan-out', FanOutSuite);
  const connected = chosen(memory['connections of each'] * 100);
  tell('bytes and commits');
  return {
    memory: rangeOf(memory['runtime, bytes of rss']),
    idleProcessor: over(rangeOf(memory['runtime, idle, % of a core']), connected),
    idleWire: rangeOf(memory['runtime, idle, bytes a second']),
    delivery: over(rangeOf(fanOut['1000 recipients']['push, µs of server per delivery']), chosen(1e6)),
    ...(await storedBytes()),
    ...(await counted()),
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

/** Bytes over the relay's sockets and commits of its journal, for each delivery. */
const counted = async (): Promise<Pick<Costs, 'deliveryWire' | 'commits'>> => {
  await using installed = await Installed.start({
    journal: { kind: 'sqlite' },
    relayProgram: 'counted-relay',
  });
  await installed.join(recipients);
  await installed.prove(bytes, recipients);
  const now = async () => ({
    ...(await installed.relay.ask('traffic', {}, TrafficSchema)),
    ...(await installed.relay.ask('counts', {}, CountsSchema)),
  });
  const before = await now();
  await installed.sequence({ bytes, count: pushes, recipients });
  const after = await now();
  const wire = after.read + after.written - before.read - before.written;
  const deliveries = pushes * recipients;
  return {
    deliveryWire: chosen(wire / deliveries),
    commits: chosen((after.commits - before.commits) / deliveries),
  };
};
