import { problemOf, type Problem } from '@cd-push/protocol';

import { browserHealth } from '../modules/browser-health.ts';
import { afterStart, suspectsOf } from '../record/recover.ts';
import { onDemand } from '../on-demand.ts';
import type { PageProgram } from './page-program.ts';
import type { Remembered } from './persistence.ts';

export type Started =
  | { readonly status: 'running' }
  /** The newest push went back; the page is being loaded again without it. */
  | { readonly status: 'reloading'; readonly problem: Problem }
  | { readonly status: 'failed'; readonly problem: Problem };

/**
 * Starts the entry with what the record holds. The newest push in it is marked as being applied: if the page hangs or
 * throws with it, the next start goes without.
 */
export const startEntry = async (
  entry: string,
  program: PageProgram,
  { state, mark, instance }: Remembered,
): Promise<Started> => {
  const suspects = suspectsOf(state.records);
  const [newest] = suspects;
  if (newest !== undefined) {
    const resources = suspects.map(({ resource, version, digest }) => ({ resource, version, digest }));
    const { pushGuid, attempt, statement } = newest;
    mark.open({ kind: 'start', instance, pushGuid, attempt, statement, resources });
  }
  try {
    await program.prepare();
    await program.modules.start(entry);
    if (newest !== undefined) await browserHealth.nextFrame();
    await state.write(afterStart(state.records));
    return { status: 'running' };
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const detail = `${entry} failed to start: ${error instanceof Error ? error.message : String(error)}`;
    const problem = problemOf('apply-failed', {
      resource: newest?.resource ?? entry,
      detail,
      stack: await program.mapStack(stack),
    });
    if (newest === undefined) return { status: 'failed', problem };
    const { afterFailedStart } = await onDemand(import('../record/set-back.ts'));
    await state.write(afterFailedStart(suspects, (resource) => state.record(resource), problem));
    return { status: 'reloading', problem };
  } finally {
    if (newest !== undefined) mark.close();
  }
};
