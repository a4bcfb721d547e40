import { CountsSchema } from '../participants/count-calls.ts';
import { TrafficSchema } from '../participants/traffic.ts';
import { Installed } from '../push/installed.ts';
import { sizeOf } from '../report/figure.ts';
import type { Suite } from './suite.ts';

const bytes = 1_024;
const recipients = 100;
const pushes = 20;

/** What a relay does for a push to a hundred, counted: the same each time, on whatever machine and however busy it is. */
export const counts: Suite = async () => {
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
  const event = 'apply-runtime-patch';
  const encodes = (after.encodes[event] ?? 0) - (before.encodes[event] ?? 0);
  const deliveries = pushes * recipients;
  return {
    figures: [
      sizeOf('counts.encodes', encodes / pushes, 'a push'),
      sizeOf('counts.signs', (after.signs - before.signs) / pushes, 'a push'),
      sizeOf('counts.verifies', (after.verifies - before.verifies) / pushes, 'a push'),
      sizeOf('counts.timers', (after.timers - before.timers) / pushes, 'a push'),
    ],
    details: {
      'bytes on the wire of a delivery':
        (after.read + after.written - before.read - before.written) / deliveries,
      'commits of a delivery': (after.commits - before.commits) / deliveries,
      'statements that write, of a delivery': (after.writes - before.writes) / deliveries,
    },
  };
};
