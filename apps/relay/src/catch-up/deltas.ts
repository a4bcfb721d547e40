import type { PatchContent, PatchHead } from '@cd-push/protocol';
import type { Content, StoredVersion } from '@cd-push/store';
import { encodeDelta } from '@cd-push/timeline';

import type { JournalReads } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import type { Held } from '../peers/peer.ts';

/** Bytes beyond which a difference is not worth the time of finding it: what is whole is deflated. */
const longest = 256 * 1024;

type Contents = Pick<JournalReads, 'content' | 'versionsAt'>;
type Delta = Extract<PatchContent, { encoding: 'delta' }>;

/**
 * Contents of a push as deltas upon what its receiver is said to hold, where that is shorter.
 *
 * @param whole in the order of the patches.
 * @throws what the store threw.
 */
export const deltasUpon = async (
  held: ReadonlyMap<string, Held>,
  { accepted }: TrackedPush,
  whole: readonly PatchContent[],
  store: Contents,
): Promise<readonly PatchContent[]> => {
  const patches = accepted.signed?.patches ?? [];
  const bases = await basesOf(patches, held, accepted, store);
  const smaller: PatchContent[] = [];
  for (const [index, patch] of patches.entries()) {
    const content = whole[index] ?? { encoding: 'none' };
    const base = bases.get(followed(patch));
    smaller.push((base && (await deltaUpon(base, content, accepted.tenant, store))) ?? content);
  }
  return smaller;
};

/** Of what was not pushed but served with the base nothing is here, and of what it never had a receiver is told nothing. */
const basesOf = async (
  patches: readonly PatchHead[],
  held: ReadonlyMap<string, Held>,
  place: TrackedPush['accepted'],
  store: Contents,
): Promise<ReadonlyMap<string, StoredVersion>> => {
  const asked = patches.flatMap((patch) => {
    const resource = followed(patch);
    const { version = 0 } = held.get(resource) ?? {};
    return version > 0 && patch.digest !== null ? [{ resource, version }] : [];
  });
  const known = asked.length === 0 ? [] : await store.versionsAt(place, asked);
  return new Map(
    known.flatMap((version) =>
      held.get(version.resource)?.digest === version.digest ? [[version.resource, version]] : [],
    ),
  );
};

const deltaUpon = async (
  { digest, mapDigest }: StoredVersion,
  content: PatchContent,
  tenant: string,
  store: Contents,
): Promise<Delta | undefined> => {
  if (digest === null || (content.encoding !== 'text' && content.encoding !== 'base64')) return undefined;
  const target = content.encoding === 'text' ? content.text : Buffer.from(content.base64, 'base64');
  const delta = await between(await store.content(tenant, digest), target);
  if (delta === undefined) return undefined;
  if (content.encoding === 'base64' || content.map === undefined)
    return { encoding: 'delta', base: digest, delta };
  if (mapDigest === null) return undefined;
  const map = await between(await store.content(tenant, mapDigest), content.map);
  if (map === undefined) return undefined;
  const bytes = Buffer.byteLength(content.map);
  return { encoding: 'delta', base: digest, delta, map: { base: mapDigest, delta: map, bytes } };
};

const between = async (
  base: Content['body'] | undefined,
  target: string | Uint8Array,
): Promise<string | undefined> => {
  if (base === undefined) return undefined;
  const atMost = Math.min(target.length >> 1, longest);
  const delta = await encodeDelta(base, target, { atMost, rest: () => new Promise(setImmediate) });
  return delta && Buffer.from(delta).toString('base64');
};

/** The name under which the predecessor was known. */
const followed = ({ resource, from }: PatchHead): string => from ?? resource;
