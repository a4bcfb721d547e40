import { epochMs } from '@cd-push/protocol';
import type { JournalStore } from '@cd-push/store';

import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import { factsOf, type Log } from '../log.ts';
import type { Tracker } from './tracker.ts';

/** How long things are kept after they are over. */
export interface RetentionOptions {
  /** Days for pushes that nobody is owed any more, and for files since they were replaced; 30 by default. */
  readonly journalDays?: number | undefined;
  /** How many versions of each file stay before the one in place, however old they are; 5 by default. */
  readonly keptVersions?: number | undefined;
  /** Days for signed statements without their contents: who was away for less can prove what came since; 365 by default. */
  readonly historyDays?: number | undefined;
  /** Days for rows of the audit; 365 by default. */
  readonly auditDays?: number | undefined;
}

const sweepMs = 30_000;
const pruneMs = 60 * 60 * 1000;
/** Recipients that are looked at in one go; there is more to do at once if there were as many. */
const perSweep = 1_000;
const dayMs = 24 * 60 * 60 * 1000;
/** For how long a content waits for the push that names it. */
const uploadKeptMs = dayMs;
/** Longer than anybody waits for a word about what was edited where it runs. */
const editKeptMs = 7 * dayMs;

interface HousePorts {
  readonly journal: Journal;
  readonly store: Pick<JournalStore, 'prune'>;
  readonly tracker: Tracker;
  readonly clock: Clock;
  readonly log: Log;
  readonly retention: RetentionOptions;
}

/** Expires what is past its time to deliver, and lets go of what is over. Answers how to stop. */
export const keepHouse = ({ journal, store, tracker, clock, log, retention }: HousePorts): (() => void) => {
  const sweep = async (): Promise<void> => {
    for (;;) {
      const at = clock.now();
      const overdue = await journal.overdue(at, perSweep);
      for (const { push, recipient } of overdue) tracker.moveLatest(push, recipient, { type: 'expired', at });
      if (overdue.length < perSweep) return;
      await journal.flushed();
    }
  };
  const prune = async (): Promise<void> => {
    const at = clock.now();
    await store.prune({
      pushesBefore: epochMs(at - (retention.journalDays ?? 30) * dayMs),
      versions: retention.keptVersions ?? 5,
      statementsBefore: epochMs(at - (retention.historyDays ?? 365) * dayMs),
      auditBefore: epochMs(at - (retention.auditDays ?? 365) * dayMs),
      contentsBefore: epochMs(at - uploadKeptMs),
      editsBefore: epochMs(at - editKeptMs),
    });
  };
  const stops = [
    repeat(sweepMs, sweep, 'Overdue pushes could not be closed.', clock, log),
    repeat(pruneMs, prune, 'What is over could not be let go of.', clock, log),
  ];
  return () => {
    for (const stop of stops) stop();
  };
};

/** Does something every so often; if it takes longer than that, once more when it is done. */
const repeat = (
  everyMs: number,
  work: () => Promise<void>,
  complaint: string,
  clock: Clock,
  log: Log,
): (() => void) => {
  let isBusy = false;
  let isDue = false;
  let cancel = (): void => {};
  const run = async (): Promise<void> => {
    isBusy = true;
    while (isDue) {
      isDue = false;
      try {
        await work();
      } catch (error) {
        log.error(factsOf(error), complaint);
      }
    }
    isBusy = false;
  };
  const schedule = (): void => {
    cancel = clock.after(everyMs, () => {
      schedule();
      isDue = true;
      if (!isBusy) void run();
    });
  };
  schedule();
  return () => cancel();
};
