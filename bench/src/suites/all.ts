import { catchUp } from './catch-up.ts';
import { fanOut } from './fan-out.ts';
import { growth } from './growth.ts';
import { memory } from './memory.ts';
import { push } from './push.ts';
import { save } from './save.ts';
import { start } from './start.ts';
import type { Suite } from './suite.ts';

/** Every suite by the name under which it is asked for, in the order in which they run. */
export const suites = new Map<string, Suite>([
  ['push', push],
  ['fan-out', fanOut],
  ['catchup', catchUp],
  ['growth', growth],
  ['save', save],
  ['memory', memory],
  ['start', start],
]);
