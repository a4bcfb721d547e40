import { pointerPart, problemOf, type Problem } from '@cd-push/protocol';
import type { Place, ResourceHead } from '@cd-push/store';
import { entriesOf, loadFrame, manifestPlaceOf, type Entries, type Quarantined } from '@cd-push/timeline';

import type { JournalReads } from '../journal/journal.ts';

export type DeployedFrames = Pick<JournalReads, 'heads' | 'versions'>;

/** Earlier frames in one manifest that are looked for, and versions of a file among which. */
const earlierAtMost = 500;
const versionsAtMost = 1_000;
const perRead = 50;

/** When a frame was what a push had put in place: from one place of the journal to before another. */
interface InPlace {
  readonly resource: string;
  readonly from: number;
  readonly until: number;
}

/**
 * A manifest that is about to be moved and that mixes pushes: it names a frame of one file that was replaced before the frame of
 * another that it names was put in place. As it stands no push ever left the files. One that lags behind as a whole does not:
 * what it names was in place together.
 */
export const manifestMixture = async (
  quarantined: Quarantined,
  tenant: string,
  store: DeployedFrames,
): Promise<Problem | undefined> => {
  for (const { timeline, to } of quarantined.swaps) {
    const manifest = manifestPlaceOf(await loadFrame(quarantined, timeline));
    if (manifest === undefined) continue;
    const place: Place = { tenant, environment: manifest.environment };
    const mixed = await mixedIn(entriesOf(await loadFrame(quarantined, to)), place, store);
    if (mixed === 'too many') return tooMany;
    if (mixed === undefined) continue;
    const detail = `What it names of ${mixed.earlier} was replaced before what it names of ${mixed.later} was in place.`;
    const path = `/data/entries/${pointerPart(mixed.earlier)}`;
    return problemOf('bad-frame', { path, resource: to, detail });
  }
  return undefined;
};

const mixedIn = async (
  entries: Entries,
  place: Place,
  store: DeployedFrames,
): Promise<{ readonly earlier: string; readonly later: string } | 'too many' | undefined> => {
  const heads = new Map((await store.heads(place, [...entries.keys()])).map((head) => [head.resource, head]));
  const earlier: InPlace[] = [];
  let looked = 0;
  for (const [resource, frame] of entries) {
    const head = heads.get(resource);
    if (head === undefined || isNamed(head, frame)) continue;
    looked += 1;
    if (looked > earlierAtMost) return 'too many';
    const found = await inPlaceOf(resource, frame, place, store);
    if (found !== undefined) earlier.push(found);
  }
  const [first] = earlier.toSorted((one, other) => one.until - other.until);
  if (first === undefined) return undefined;
  const after = earlier.find(({ from }) => from >= first.until);
  if (after !== undefined) return { earlier: first.resource, later: after.resource };
  for (const [resource, frame] of entries) {
    const head = heads.get(resource);
    if (head === undefined || !isNamed(head, frame) || head.offset < first.until) continue;
    const found = await inPlaceOf(resource, frame, place, store);
    if (found !== undefined && found.from >= first.until) return { earlier: first.resource, later: resource };
  }
  return undefined;
};

const isNamed = ({ frame, isElsewhere }: ResourceHead, named: string): boolean =>
  !isElsewhere && frame?.address === named;

/** Undefined of a frame that no push has put in place, as far as is known. */
const inPlaceOf = async (
  resource: string,
  frame: string,
  place: Place,
  store: DeployedFrames,
): Promise<InPlace | undefined> => {
  let below = Number.MAX_SAFE_INTEGER;
  let until = Number.POSITIVE_INFINITY;
  for (let looked = 0; looked < versionsAtMost; looked += perRead) {
    const page = await store.versions(place, resource, below, perRead);
    for (const { version, offset, patch } of page) {
      if (patch.frame === frame && patch.resource === resource) return { resource, from: offset, until };
      until = offset;
      below = version;
    }
    if (page.length < perRead) break;
  }
  return undefined;
};

const tooMany = problemOf('too-large', {
  detail: `This manifest names earlier frames of more than ${earlierAtMost} files.`,
});
