import { setImmediate } from 'node:timers/promises';

import type { Database } from './database.ts';
import type { Work } from './work.ts';

/** Does work for as long as it answers that there may be more. Others come in between its parts. */
export const inParts = async (
  database: Pick<Database, 'write'>,
  work: () => Work<boolean>,
): Promise<void> => {
  while (await database.write('process', work)) await setImmediate();
};
