import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import { factsOf, type Log } from '../log.ts';
import type { Tracker } from './tracker.ts';

const everyMs = 30_000;

/** Expires what is past its time to deliver, and lets the journal forget what is over. Answers how to stop. */
export const keepHouse = (journal: Journal, tracker: Tracker, clock: Clock, log: Log): (() => void) => {
  let cancel = (): void => {};
  const sweep = async (): Promise<void> => {
    const at = clock.now();
    for (const push of await journal.overdue(at)) {
      for (const recipient of push.tracks.keys())
        tracker.moveLatest(push, recipient, { type: 'expired', at });
    }
    journal.tidy(at);
  };
  const schedule = (): void => {
    cancel = clock.after(everyMs, () => {
      sweep().catch((error: unknown) => log.error(factsOf(error), 'Overdue pushes could not be closed.'));
      schedule();
    });
  };
  schedule();
  return () => cancel();
};
