import { epochMs, type EpochMs } from '@cd-push/protocol';
import type { Store } from '@cd-push/store';

/** A relay that was away for longer than this is told to load everything anew. */
const changesMs = 7 * 24 * 60 * 60 * 1000;
const everyMs = 60 * 60 * 1000;

/**
 * Keeps what is only ever added from growing for ever: lets go of old rows of the change feed and of the audit, now and
 * every hour. Answers how to stop.
 *
 * @param auditMs for which rows of the audit are kept.
 * @param onFailure hears why it could not be done; it is tried again at the next hour.
 */
export const letGoOfOldRows = (
  { changes, audit }: Pick<Store, 'changes' | 'audit'>,
  auditMs: number,
  now: () => EpochMs,
  onFailure: (error: unknown) => void,
): (() => void) => {
  const prune = (): void => {
    changes.prune(epochMs(now() - changesMs)).catch(onFailure);
    audit.prune(epochMs(now() - auditMs)).catch(onFailure);
  };
  prune();
  const timer = setInterval(prune, everyMs).unref();
  return () => clearInterval(timer);
};
