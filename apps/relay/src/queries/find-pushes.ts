import { setImmediate as turn } from 'node:timers/promises';

import type { ListedPush, PushQuery } from '@cd-push/store';

import type { Journal } from '../journal/journal.ts';
import { TrackedPush } from '../journal/tracked-push.ts';
import type { PushFilter } from './sight.ts';

/** Pushes whose facts are read at a time: at first few, for each may have thousands of files. */
const atFirst = 10;
const perRead = 50;
/** Files of what is read at a time, if it is like what was read before. */
const filesPerRead = 5_000;
/** Tracks that are read at a time; those of one push are read together, however many they are. */
const tracksPerRead = 5_000;
/** Pushes and rows that are read for one question: who sees few of them asks again from where it ended. */
const pushesAtMost = 500;
const rowsAtMost = 40_000;
/** Pushes that are passed over for what a row is read: only whether they have a certain recipient is looked at. */
const passedPerRow = 10;
/** Tracks and files in one answer: pushes of thousands, or to thousands, make short pages. */
const partsAtMost = 20_000;

/** Which pushes are meant: first by what is read at little cost, and of those by all that is known. */
interface Wanted {
  readonly sees: (facts: ListedPush['facts']) => boolean;
  readonly fits: (push: TrackedPush) => boolean;
}

export interface FoundPushes {
  /** The latest first. */
  readonly pushes: readonly TrackedPush[];
  /** Where to go on from; undefined where nothing is left. */
  readonly next: number | undefined;
  /** Pushes, files and tracks that were read for it. */
  readonly rows: number;
}

/** Pushes that fit a question and that the asker sees, as they are written down. Of others no tracks are read. */
export const findPushes = async (
  { pushGuid, limit, ...query }: PushQuery & Pick<PushFilter, 'pushGuid'>,
  { sees, fits }: Wanted,
  { store }: Pick<Journal, 'store'>,
): Promise<FoundPushes> => {
  if (pushGuid !== undefined) {
    const stored = await store.find(query.tenant, pushGuid);
    const push = stored && new TrackedPush(stored);
    const isMeant =
      push !== undefined && sees(push.accepted) && fits(push) && push.offset < (query.before ?? Infinity);
    return { pushes: isMeant ? [push] : [], next: undefined, rows: push?.tracks.size ?? 0 };
  }
  const pushes: TrackedPush[] = [];
  let { before } = query;
  let parts = 0;
  let rows = 0;
  let size = atFirst;
  for (let looked = 0; looked < pushesAtMost;) {
    const { pushes: page, next, looked: passed } = await store.list({ ...query, before, limit: size });
    const files = page.reduce((sum, push) => sum + filesOf(push), 0);
    looked += page.length;
    rows += page.length + files + Math.ceil(passed / passedPerRow);
    for (const some of tracksTogether(page.filter(({ facts }) => sees(facts)))) {
      if (rows > rowsAtMost) return { pushes, next: before, rows };
      const read = await store.at(some.map(({ offset }) => offset));
      for (const stored of read.toReversed()) {
        rows += stored.tracks.size;
        const push = new TrackedPush(stored);
        if (fits(push)) {
          parts += push.tracks.size + (push.accepted.signed?.patches.length ?? 0);
          const isFull = pushes.length === limit || (parts > partsAtMost && pushes.length > 0);
          if (isFull) return { pushes, next: before, rows };
          pushes.push(push);
        }
        before = push.offset;
      }
      // What reads on this very thread lets others have their turn.
      await turn();
    }
    if (next === undefined) return { pushes, next, rows };
    before = next;
    if (rows > rowsAtMost) break;
    if (page.length > 0)
      size = Math.max(1, Math.min(perRead, Math.floor((filesPerRead * page.length) / Math.max(1, files))));
    await turn();
  }
  return { pushes, next: before, rows };
};

const filesOf = ({ facts }: ListedPush): number => facts.signed?.patches.length ?? 0;

/** Pushes in their order, as many together as have no more tracks than are read at a time, but one at least. */
export function* tracksTogether<Push extends Pick<ListedPush, 'recipients'>>(
  pushes: readonly Push[],
): Generator<readonly Push[]> {
  let together: Push[] = [];
  let tracks = 0;
  for (const push of pushes) {
    if (together.length > 0 && tracks + push.recipients > tracksPerRead) {
      yield together;
      together = [];
      tracks = 0;
    }
    together.push(push);
    tracks += push.recipients;
  }
  if (together.length > 0) yield together;
}
