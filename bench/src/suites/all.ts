import { capacity } from './capacity.ts';
import { catchUp } from './catch-up.ts';
import { fanOut } from './fan-out.ts';
import { growth } from './growth.ts';
import { memory } from './memory.ts';
import { push } from './push.ts';
import { save } from './save.ts';
import { start } from './start.ts';
import type { Planned } from './suite.ts';
import { timeline } from './timeline.ts';
import { twoNodes } from './two-nodes.ts';

/** Every suite by the name under which it is asked for, in the order in which they run. */
export const suites = new Map<string, Planned>([
  ['push', { suite: push, minutes: { full: 5, quick: 0.8 } }],
  ['fan-out', { suite: fanOut, minutes: { full: 4, quick: 0.4 } }],
  ['catchup', { suite: catchUp, minutes: { full: 0, quick: 0 } }],
  ['two-nodes', { suite: twoNodes, minutes: { full: 1.2, quick: 0.15 } }],
  ['growth', { suite: growth, minutes: { full: 2, quick: 0.2 } }],
  ['save', { suite: save, minutes: { full: 3, quick: 0.4 } }],
  ['memory', { suite: memory, minutes: { full: 0, quick: 0 } }],
  ['timeline', { suite: timeline, minutes: { full: 0, quick: 0 } }],
  ['start', { suite: start, minutes: { full: 0, quick: 0 } }],
  ['capacity', { suite: capacity, needs: ['fan-out', 'memory'], minutes: { full: 0, quick: 0 } }],
]);
