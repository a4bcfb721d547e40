import type { RecipientId } from '@cd-push/protocol';

import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import { factsOf, type Log } from '../log.ts';
import type { Tracker } from './tracker.ts';

/** How long an instance may be away before what it has not settled is closed: a tab that reloads is back by then. */
const returnWithinMs = 45_000;

/** Closes the tracks of instances that do not come back; a tab that was shut never will. */
export class Absence {
  readonly #journal: Journal;
  readonly #tracker: Tracker;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #away = new Map<string, () => void>();

  constructor(journal: Journal, tracker: Tracker, clock: Clock, log: Log) {
    this.#journal = journal;
    this.#tracker = tracker;
    this.#clock = clock;
    this.#log = log;
  }

  left(tenant: string, recipient: RecipientId): void {
    this.returned(tenant, recipient);
    const cancel = this.#clock.after(returnWithinMs, () => {
      this.#away.delete(keyOf(tenant, recipient));
      this.#close(tenant, recipient).catch((error: unknown) => {
        this.#log.error(factsOf(error), 'The tracks of an absent runtime could not be closed.');
      });
    });
    this.#away.set(keyOf(tenant, recipient), cancel);
  }

  returned(tenant: string, recipient: RecipientId): void {
    const key = keyOf(tenant, recipient);
    this.#away.get(key)?.();
    this.#away.delete(key);
  }

  close(): void {
    for (const cancel of this.#away.values()) cancel();
    this.#away.clear();
  }

  /** Only the instance's own tracks: what is owed to its credential waits for another instance of it. */
  async #close(tenant: string, recipient: RecipientId): Promise<void> {
    const at = this.#clock.now();
    for (const push of await this.#journal.openFor(tenant, recipient)) {
      if (push.tracks.has(recipient)) this.#tracker.moveLatest(push, recipient, { type: 'expired', at });
    }
  }
}

const keyOf = (tenant: string, recipient: RecipientId): string => `${tenant} ${recipient}`;
