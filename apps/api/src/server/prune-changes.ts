import { epochMs, type EpochMs } from '@cd-push/protocol';
import type { ChangeFeed } from '@cd-push/store';

/** A relay that was away for longer than this is told to load everything anew. */
const keptMs = 7 * 24 * 60 * 60 * 1000;
const everyMs = 60 * 60 * 1000;

/**
 * Keeps the change feed from growing for ever: lets go of its old rows now and every hour. Answers how to stop.
 *
 * @param onFailure hears why it could not be done; it is tried again at the next hour.
 */
export const pruneChanges = (
  changes: ChangeFeed,
  now: () => EpochMs,
  onFailure: (error: unknown) => void,
): (() => void) => {
  const prune = (): void => void changes.prune(epochMs(now() - keptMs)).catch(onFailure);
  prune();
  const timer = setInterval(prune, everyMs).unref();
  return () => clearInterval(timer);
};
