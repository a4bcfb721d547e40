import type { EpochMs, RecipientId, TrackEvent } from '@cd-push/protocol';

import type { Journal } from '../journal/journal.ts';
import type { Move, TrackedPush } from '../journal/tracked-push.ts';

/**
 * The one way in which a recipient's track is moved: moved, written, told. Whoever wants to be told listens to
 * `journal.onWritten`, and hears of it when it would survive the end of this process.
 */
export class Tracker {
  readonly #journal: Pick<Journal, 'move'>;

  constructor(journal: Pick<Journal, 'move'>) {
    this.#journal = journal;
  }

  /** An event of the recipient's latest attempt, seen by the relay itself. */
  moveLatest(push: TrackedPush, recipient: RecipientId, event: TrackEvent): Move {
    return this.move(push, recipient, push.entryOf(recipient)?.track.attempt ?? 1, event);
  }

  move(push: TrackedPush, recipient: RecipientId, attempt: number, event: TrackEvent): Move {
    return this.#write(push, push.move(recipient, attempt, event));
  }

  /** Opens the next attempt at a recipient where the last one ended; the caller has made sure that it may. */
  open(push: TrackedPush, recipient: RecipientId, at: EpochMs): Move {
    return this.#write(push, push.open(recipient, at));
  }

  #write(push: TrackedPush, move: Move): Move {
    if (move.outcome === 'advanced')
      this.#journal.move({ push, recipient: move.recipient, track: move.track });
    return move;
  }
}
