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

/** A tenant's space on the database of the journal. */
export const sqlSpace = (database: Database, tenant: string, work: TimelineWork): Space => {
  const { objects, tips } = work;
  return {
    get: (address) => database.read(() => objects.get(tenant, address)),
    has: (addresses) => database.read(() => objects.has(tenant, addresses)),
    tip: (timeline) => database.read(() => tips.tip(tenant, timeline)),
    tips: (after, limit) => database.read(() => tips.page(tenant, after, limit)),
    commit: (change) => database.write('power', () => commitWork(work, tenant, change)),
  };
};

/** Whoever moves a tip has the journal's row: over all processes one commit comes after the other. */
function* commitWork(
  { row, objects, tips }: TimelineWork,
  tenant: string,
  { objects: fresh, swaps }: SpaceChange,
): Work<SpaceCommit> {
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
  return { outcome: 'committed' };
}
