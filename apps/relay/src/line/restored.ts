import { limits, problemOf, type PatchContent, type PatchHead, type Problem } from '@cd-push/protocol';
import type { AcceptedPush, Place } from '@cd-push/store';

import type { JournalReads } from '../journal/journal.ts';
import { lengthOf, NotInJournal, wholeOf } from './parcels.ts';

/**
 * Why patches do not bring back what they say that they do, if so: the version is none of the file's, or had another
 * content. So nobody is told of a rollback that is none. Nothing is read for a push that rolls nothing back.
 */
export const restoredFault = async (
  patches: readonly PatchHead[],
  place: Place,
  store: Pick<JournalReads, 'versionsAt'>,
): Promise<Problem | undefined> => {
  // 0 is what was there before the first version; only a deletion can say that.
  const restoring = patches.flatMap(({ resource, restores }) =>
    restores === undefined || restores === 0 ? [] : [{ resource, version: restores }],
  );
  if (restoring.length === 0) return undefined;
  const versions = new Map(
    (await store.versionsAt(place, restoring)).map((found) => [`${found.version} ${found.resource}`, found]),
  );
  for (const [index, { resource, restores, digest, mapDigest }] of patches.entries()) {
    if (restores === undefined || restores === 0) continue;
    const path = `/pushData/statement/patches/${index}/restores`;
    const found = versions.get(`${restores} ${resource}`);
    if (found === undefined) {
      const detail = `The journal knows of no version ${restores} of this file.`;
      return problemOf('not-found', { path, resource, detail });
    }
    if (found.digest !== digest || found.mapDigest !== (mapDigest ?? null)) {
      const detail = `Version ${restores} of this file had another content than is signed here.`;
      return problemOf('invalid-envelope', { path, resource, detail });
    }
  }
  return undefined;
};

/**
 * Contents as they go out: what is brought back was named by its digest alone, and is read from the journal once instead
 * of by every recipient, as far as it fits the envelope.
 */
export const withRestored = async (
  sent: readonly PatchContent[],
  { tenant, signed, envelope }: AcceptedPush,
  store: Pick<JournalReads, 'content'>,
): Promise<readonly PatchContent[]> => {
  const patches = signed?.patches ?? [];
  const isNamed = (patch: PatchHead, index: number): boolean =>
    patch.restores !== undefined && sent[index]?.encoding === 'stored';
  if (!patches.some(isNamed)) return sent;
  let left = limits.envelopeBytes - lengthOf(envelope) - lengthOf(sent);
  const contents = [...sent];
  for (const [index, patch] of patches.entries()) {
    if (!isNamed(patch, index)) continue;
    try {
      const whole = await wholeOf(patch, tenant, store, left);
      left -= lengthOf(whole);
      contents[index] = whole;
    } catch (error) {
      // It was let go of since it was looked for; who fetches it is told.
      if (!(error instanceof NotInJournal)) throw error;
    }
  }
  return contents;
};
