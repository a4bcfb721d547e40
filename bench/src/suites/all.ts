import { capacity } from './capacity.ts';
import { catchUp } from './catch-up.ts';
import { counts } from './counts.ts';
import { fanOut } from './fan-out.ts';
import { growth } from './growth.ts';
import { memory } from './memory.ts';
import { push } from './push.ts';
import { save } from './save.ts';
import { start } from './start.ts';
import type { Minutes, Planned } from './suite.ts';
import { timeline } from './timeline.ts';
import { twoNodes } from './two-nodes.ts';

type Pair = readonly [once: number, repeated: number];

const minutes = (full: Pair, quick: Pair): Planned['minutes'] => ({
  full: minutesOf(full),
  quick: minutesOf(quick),
});
const minutesOf = ([once, repeated]: Pair): Minutes => ({ once, repeated });

/** Every suite by the name under which it is asked for, in the order in which they run. */
export const suites = new Map<string, Planned>([
  ['push', { suite: push, minutes: minutes([0.3, 4.6], [0.25, 0.6]) }],
  ['fan-out', { suite: fanOut, minutes: minutes([2, 3.2], [0.4, 0.3]) }],
  ['catchup', { suite: catchUp, minutes: minutes([1, 0], [0.2, 0]) }],
  ['two-nodes', { suite: twoNodes, minutes: minutes([0.2, 1], [0.25, 0.2]) }],
  ['growth', { suite: growth, minutes: minutes([4.5, 2], [0.25, 0.2]) }],
  ['save', { suite: save, minutes: minutes([0.5, 4], [0.4, 0.4]) }],
  ['memory', { suite: memory, minutes: minutes([3.3, 0], [0.4, 0]) }],
  ['timeline', { suite: timeline, minutes: minutes([1, 0], [0.15, 0]) }],
  ['counts', { suite: counts, minutes: minutes([0.1, 0], [0.1, 0]) }],
  ['start', { suite: start, minutes: minutes([0.7, 0], [0.15, 0]) }],
  [
    'capacity',
    { suite: capacity, needs: ['fan-out', 'memory', 'counts'], minutes: minutes([0.3, 0], [0.15, 0]) },
  ],
]);
