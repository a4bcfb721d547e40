import { notBuilt } from '../report/figure.ts';
import type { Figure } from '../report/result.ts';
import { fanOut } from './fan-out.ts';
import { memory } from './memory.ts';
import { push } from './push.ts';
import { save } from './save.ts';
import { start } from './start.ts';
import type { Suite } from './suite.ts';

/** Every suite by the name under which it is asked for, in the order in which they run. */
export const suites = new Map<string, Suite>([
  ['push', push],
  ['fan-out', fanOut],
  ['save', save],
  ['memory', memory],
  ['start', start],
]);

/** Figures that are asked for and cannot be measured before what they measure is there. */
export const notBuiltYet: readonly Figure[] = [
  notBuilt('push.durable', { atMost: 2.6 }, 'the durable journal'),
  notBuilt('throughput.durable', { atLeast: 0.65 }, 'the durable journal'),
  notBuilt('fanout.1000', { atLeast: 0.75 }, 'the durable journal; see fanout.1000.undurable'),
  notBuilt('fanout.cpu', { atMost: 1.35 }, 'the durable journal; see fanout.cpu.undurable'),
  notBuilt('growth.accept', { atMost: 1.2 }, 'the durable journal'),
  notBuilt('catchup.bytes', { atMost: 1.2 }, 'deltas'),
];
