import { epochMs } from '@cd-push/protocol';
import type { JournalStore } from '@cd-push/store';

import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import { factsOf, type Log } from '../log.ts';
import type { Absence } from '../tracks/absence.ts';
import type { Roster } from './roster.ts';

interface NodePorts {
  readonly journal: Journal;
  readonly store: Pick<JournalStore, 'isShared' | 'beat'>;
  readonly roster: Roster;
  readonly absence: Absence;
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often each node holds its place against the journal's, so that a lost wake-up costs no more than this. */
const compareMs = 2_000;
/** A node that has not told for so long that it lives is taken to be dead. */
const deadAfterMs = 10_000;

/**
 * The relays that share one journal. Each follows it, tells that it lives, and takes over what a dead one has left: the
 * instances that were connected to it count as away from then on.
 */
export class Nodes {
  readonly #ports: NodePorts;
  #cancel: () => void = () => {};
  #isBusy = false;

  constructor(ports: NodePorts) {
    this.#ports = ports;
  }

  /**
   * Begins to follow the journal. One that is not shared was left by this relay's own former run alone.
   *
   * @throws what the store threw.
   */
  async start(): Promise<void> {
    if (this.#ports.store.isShared) {
      await this.#beat();
      this.#schedule();
    } else this.#takeOver(() => true);
  }

  close(): void {
    this.#cancel();
  }

  #schedule(): void {
    this.#cancel = this.#ports.clock.after(compareMs, () => {
      this.#schedule();
      if (this.#isBusy) return;
      this.#isBusy = true;
      Promise.all([this.#ports.journal.look(), this.#beat()])
        .catch((error: unknown) =>
          this.#ports.log.warn(factsOf(error), 'The other relays do not know that this one lives.'),
        )
        .finally(() => {
          this.#isBusy = false;
        });
    });
  }

  async #beat(): Promise<void> {
    const { store, node, clock } = this.#ports;
    const at = clock.now();
    const dead = new Set(await store.beat(node, at, epochMs(at - deadAfterMs)));
    if (dead.size > 0) this.#takeOver((other) => dead.has(other));
  }

  #takeOver(isDead: (node: string) => boolean): void {
    const { roster, absence, node, clock, log } = this.#ports;
    const at = clock.now();
    let left = 0;
    for (const row of roster.all()) {
      if (row.node === null || row.node === node || !isDead(row.node)) continue;
      absence.departed({ tenant: row.tenant, recipient: row.recipient, node: row.node, at });
      left += 1;
    }
    if (left > 0) log.info({ left }, 'Runtimes of a relay that has ended count as away.');
  }
}
