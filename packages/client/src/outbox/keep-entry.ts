import { ProblemError, problemOf } from '@cd-push/protocol';

import type { Outbox, OutboxEntry } from './outbox.ts';

/** The outbox could not keep a push. */
export class NotKept extends ProblemError {
  constructor(cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(problemOf('journal-unavailable', { detail: `The outbox cannot keep the push: ${why}` }), { cause });
  }
}

/**
 * Keeps an entry.
 *
 * @throws NotKept
 */
export const keepEntry = async (outbox: Outbox, entry: OutboxEntry): Promise<void> => {
  try {
    await outbox.put(entry);
  } catch (error) {
    throw new NotKept(error);
  }
};
