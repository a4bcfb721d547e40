import { limits, problemOf, type PatchContent, type PatchHead, type Problem } from '@cd-push/protocol';

import type { UserSession } from '../authority/session.ts';
import { mayRead } from '../contents/may-read.ts';
import type { JournalReads } from '../journal/journal.ts';

type Contents = Pick<JournalReads, 'stored' | 'uploads' | 'resourcesWith'>;

/**
 * Why contents that a push names without bringing them do not count, if they do not. Knowing a digest is not having the
 * content: what counts is an upload of the sender's own, or a resource of the sender's that has it. What is not there and
 * what is not the sender's look alike.
 */
export const storedFault = async (
  patches: readonly PatchHead[],
  contents: readonly PatchContent[],
  session: UserSession,
  store: Contents,
): Promise<Problem | undefined> => {
  const named = patches.flatMap((patch, index) =>
    contents[index]?.encoding === 'stored' && patch.digest !== null
      ? [{ index, resource: patch.resource, digest: patch.digest, map: patch.mapDigest, bytes: patch.bytes }]
      : [],
  );
  if (named.length === 0) return undefined;
  const digests = named.flatMap(({ digest, map }) => (map === undefined ? [digest] : [digest, map]));
  const sizes = await store.stored(session.tenant, digests);
  const uploads = await store.uploads(session.tenant, session.subject);
  for (const { index, resource, digest, map, bytes } of named) {
    const path = `/pushData/contents/${index}`;
    for (const one of map === undefined ? [digest] : [digest, map]) {
      const isThere = sizes.has(one) && (uploads.has(one) || (await mayRead(session, one, store)));
      if (isThere) continue;
      const detail = 'Nothing of this sender’s is stored under this digest. Store it first.';
      return problemOf('not-found', { path, resource, detail });
    }
    if (sizes.get(digest) !== bytes) {
      return problemOf('bad-signature', { path, resource, detail: 'The stored content has another size.' });
    }
  }
  const storedMaps = named.reduce((sum, { map }) => sum + (map === undefined ? 0 : (sizes.get(map) ?? 0)), 0);
  if (
    patches.reduce((sum, { bytes }) => sum + bytes, storedMaps + mapBytes(contents)) > limits.contentBytes
  ) {
    const detail = `The files of one push have at most ${limits.contentBytes} bytes, source maps included. Push fewer at a time.`;
    return problemOf('too-large', { path: '/pushData/statement/patches', detail });
  }
  return undefined;
};

/** Bytes of the source maps that travel along, those that deltas make included. */
export const mapBytes = (contents: readonly PatchContent[]): number =>
  contents.reduce((sum, content) => {
    if (content.encoding === 'text') return sum + Buffer.byteLength(content.map ?? '');
    return content.encoding === 'delta' ? sum + (content.map?.bytes ?? 0) : sum;
  }, 0);
