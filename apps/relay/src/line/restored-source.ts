import { branded, problemOf, type Digest, type PatchHead, type Problem } from '@cd-push/protocol';
import type { Place, StoredVersion } from '@cd-push/store';
import {
  addressOfDigest,
  isAddress,
  loadFrame,
  sourceOf,
  type Address,
  type ObjectSource,
} from '@cd-push/timeline';

import type { JournalReads } from '../journal/journal.ts';
import { sourcesOf } from '../queries/sources.ts';

/**
 * Why the frame of a patch that brings a version back does not hold the file as it was saved then, if so. Who may roll back
 * could otherwise put a source in place that nobody has pushed, and that everyone goes on from.
 *
 * @param source has the frames of the patches.
 * @throws {ProblemError} where a frame is missing or damaged.
 */
export const unlikeRestored = async (
  patches: readonly PatchHead[],
  place: Place,
  store: Pick<JournalReads, 'versionsAt' | 'space'>,
  source: ObjectSource,
): Promise<Problem | undefined> => {
  const restoring = patches.flatMap(({ resource, restores }) =>
    restores === undefined || restores === 0 ? [] : [{ resource, version: restores }],
  );
  if (!patches.some(({ restores, frame }) => restores !== undefined && frame !== undefined)) return undefined;
  const found = restoring.length === 0 ? [] : await store.versionsAt(place, restoring);
  const versions = new Map(found.map((version) => [`${version.version} ${version.resource}`, version]));
  const sources = await sourcesOf(place.tenant, found, store);
  for (const [index, { resource, restores, frame }] of patches.entries()) {
    if (restores === undefined || !isAddress(frame)) continue;
    const version = versions.get(`${restores} ${resource}`);
    const saved = version && (sources.get(version) ?? pushedOf(version));
    if (sourceOf((await loadFrame(source, frame)).frame) === saved) continue;
    const detail = `The frame holds another source than version ${restores}, which is brought back.`;
    return problemOf('bad-frame', { path: `/pushData/statement/patches/${index}/frame`, resource, detail });
  }
  return undefined;
};

/** Of a version without a frame nothing else is known to have been saved than what was pushed. */
const pushedOf = ({ digest }: StoredVersion): Address | undefined =>
  digest === null ? undefined : addressOfDigest('raw', branded<Digest>(digest));
