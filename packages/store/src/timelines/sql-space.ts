import type { Space, SpaceChange, SpaceCommit } from '@cd-push/timeline';

import type { JournalRow } from '../journal/journal-row.ts';
import type { Database } from '../statements/database.ts';
import type { Work } from '../statements/work.ts';
import type { ObjectWork } from './objects.ts';
import { addressIn, type TipWork } from './tips.ts';

/** What it takes to keep timelines. */
export interface TimelineWork {
  readonly row: JournalRow;
  readonly objects: ObjectWork;
  readonly tips: TipWork;
}

/**
 * A tenant's space on the database of the journal.
 *
 * @param audit what else is written in the commit of a change.
 */
export const sqlSpace = (
  database: Database,
  tenant: string,
  work: TimelineWork,
  audit?: (change: SpaceChange) => Work<void>,
): Space => {
  const { objects, tips } = work;
  return {
    get: (address) => database.read(() => objects.get(tenant, address)),
    has: (addresses) => database.read(() => objects.has(tenant, addresses)),
    tip: (timeline) => database.read(() => tips.tip(tenant, timeline)),
    tips: (after, limit) => database.read(() => tips.page(tenant, after, limit)),
    commit: (change) => database.write('power', () => commitWork(work, tenant, change, audit)),
  };
};

/** Whoever moves a tip has the journal's row: over all processes one commit comes after the other. */
function* commitWork(
  { row, objects, tips }: TimelineWork,
  tenant: string,
  change: SpaceChange,
  audit: ((change: SpaceChange) => Work<void>) | undefined,
): Work<SpaceCommit> {
  const { objects: fresh, swaps } = change;
  yield* row.lock();
  const rows = yield* tips.standing(swaps.map(({ timeline }) => ({ tenant, timeline })));
  const standing = new Map(rows.map(({ timeline, tip }) => [timeline, addressIn(tip)]));
  const moved = swaps
    .map(({ timeline, from }) => ({ timeline, from, tip: standing.get(timeline) }))
    .filter(({ from, tip }) => from !== tip);
  if (moved.length > 0) {
    return { outcome: 'moved', tips: moved.map(({ timeline, tip }) => ({ timeline, tip })) };
  }
  yield* objects.put(fresh.map((object) => ({ tenant, ...object })));
  yield* tips.set(
    swaps.filter(({ from, to }) => from !== to).map(({ timeline, to }) => ({ tenant, timeline, tip: to })),
  );
  if (audit !== undefined) yield* audit(change);
  return { outcome: 'committed' };
}
