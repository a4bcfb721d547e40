import type { AuditEntry, EpochMs } from '@cd-push/protocol';
import type { Address, SpaceChange, SyncGate } from '@cd-push/timeline';

import { syncedEntry } from '../audit/entries.ts';
import type { Session } from '../authority/session.ts';
import { placeOf } from './place-of.ts';

/** Timelines that a connection moves, by what they are of: for the audit. */
export class MovedTimelines {
  readonly #resources = new Map<Address, string | undefined>();

  /** Hears from a gate which timelines are about to be moved. */
  watched(gate: SyncGate): SyncGate {
    return {
      ...gate,
      timeline: (genesis, wish) => {
        const problem = gate.timeline(genesis, wish);
        if (wish === 'write' && problem === undefined) {
          this.#resources.set(genesis.address, placeOf(genesis.frame.data)?.resource);
        }
        return problem;
      },
    };
  }

  /** What goes into the audit with a change; nothing where no tip is another one afterwards. */
  rowsOf({ swaps }: SpaceChange, session: Session, at: EpochMs): AuditEntry[] {
    const moved = swaps
      .filter(({ from, to }) => from !== to)
      .map((swap) => ({ ...swap, resource: this.#resources.get(swap.timeline) }));
    this.#resources.clear();
    return moved.length === 0 ? [] : [syncedEntry(session, moved, at)];
  }
}
