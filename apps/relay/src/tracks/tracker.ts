import type { RecipientId, TrackEvent } from '@cd-push/protocol';

import type { Journal } from '../journal/journal.ts';
import type { Move, TrackedPush } from '../journal/tracked-push.ts';
import type { Notices } from './notices.ts';

/** The one way in which a recipient's track is moved: moved, taken down, told. */
export class Tracker {
  readonly #journal: Journal;
  readonly #notices: Notices;

  constructor(journal: Journal, notices: Notices) {
    this.#journal = journal;
    this.#notices = notices;
  }

  /** An event of the recipient's latest attempt, seen by the relay itself. */
  moveLatest(push: TrackedPush, recipient: RecipientId, event: TrackEvent): Move {
    return this.move(push, recipient, push.entryOf(recipient)?.track.attempt ?? 1, event);
  }

  move(push: TrackedPush, recipient: RecipientId, attempt: number, event: TrackEvent): Move {
    const move = push.move(recipient, attempt, event);
    if (move.outcome === 'advanced') {
      this.#journal.record(push, move.recipient, move.track);
      this.#notices.add(push, move.recipient, move.track);
    }
    return move;
  }
}
