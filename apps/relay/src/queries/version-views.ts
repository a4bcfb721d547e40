import type { FileVersion } from '@cd-push/protocol';
import type { Place, StoredVersion } from '@cd-push/store';

import type { Journal } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import { sourcesOf } from './sources.ts';

/** A version and which one of its file's it is. */
export interface CountedVersion {
  readonly version: StoredVersion;
  readonly ordinal: number;
}

/** Tracks that are read for one answer: how pushes to thousands came out `get-track` tells. */
const tracksAtMost = 5_000;

/** Versions as whoever sees them is told of them. */
export const versionViews = async (
  place: Place,
  versions: readonly CountedVersion[],
  store: Pick<Journal['store'], 'heads' | 'stored' | 'space'>,
  /** Reads pushes, where how they came out is told as well. */
  pushesAt: ((offsets: readonly number[]) => Promise<readonly TrackedPush[]>) | undefined,
): Promise<FileVersion[]> => {
  const heads = await store.heads(
    place,
    versions.map(({ version }) => version.resource),
  );
  const inPlace = new Map(heads.map(({ resource, version }) => [resource, version]));
  const sizes = await store.stored(
    place.tenant,
    versions.flatMap(({ version: { digest, mapDigest } }) => [digest ?? [], mapDigest ?? []].flat()),
  );
  const sources = await sourcesOf(
    place.tenant,
    versions.map(({ version }) => version),
    store,
  );
  const outcomes = pushesAt === undefined ? none : await outcomesOf(versions, pushesAt);
  return versions.map(({ version, ordinal }) => ({
    ...viewOf(version),
    ordinal,
    inPlace: inPlace.get(version.resource) === version.version,
    ...storedOf(version, sizes),
    ...sourceOf(sources.get(version)),
    ...outcomes.get(version.offset),
  }));
};

const sourceOf = (source: string | undefined): Pick<FileVersion, 'source'> =>
  source === undefined ? {} : { source };

const viewOf = ({
  resource,
  version,
  digest,
  mapDigest,
  predecessor,
  offset,
  pushGuid,
  sender,
  acceptedAt,
  statement,
  patch,
}: StoredVersion): Omit<FileVersion, 'ordinal' | 'inPlace' | 'stored'> => ({
  resource,
  version,
  ...nameOf(resource, patch),
  componentType: patch.componentType,
  digest,
  predecessor,
  bytes: digest === null ? 0 : patch.bytes,
  ...(mapDigest === null ? {} : { mapDigest }),
  ...(patch.frame === undefined ? {} : { frame: patch.frame }),
  ...(patch.restores === undefined || patch.resource !== resource ? {} : { restores: patch.restores }),
  pushGuid,
  offset,
  signer: sender.subject,
  session: sender.session,
  acceptedAt,
  statement,
});

/** A rename is told under both of its names. */
const nameOf = (
  resource: string,
  { change, from, resource: to }: StoredVersion['patch'],
): Pick<FileVersion, 'change' | 'from' | 'to'> => {
  if (from === undefined) return { change };
  return to === resource ? { change, from } : { change, to };
};

const storedOf = (
  { digest, mapDigest }: StoredVersion,
  sizes: ReadonlyMap<string, number>,
): Pick<FileVersion, 'stored' | 'mapBytes'> => {
  const mapBytes = mapDigest === null ? undefined : sizes.get(mapDigest);
  const stored = digest === null || (sizes.has(digest) && (mapDigest === null || mapBytes !== undefined));
  return { stored, ...(mapBytes === undefined ? {} : { mapBytes }) };
};

type Outcome = Pick<FileVersion, 'outcome' | 'completed' | 'recipients'>;
const none: ReadonlyMap<number, Outcome> = new Map();

/** How the pushes came out, by their offsets: of the first ones whose tracks are no more than are read. */
const outcomesOf = async (
  versions: readonly CountedVersion[],
  pushesAt: (offsets: readonly number[]) => Promise<readonly TrackedPush[]>,
): Promise<ReadonlyMap<number, Outcome>> => {
  const recipients = new Map(
    versions.flatMap(({ version }) =>
      version.recipients === null ? [] : [[version.offset, version.recipients]],
    ),
  );
  const offsets: number[] = [];
  let tracks = 0;
  for (const [offset, count] of recipients) {
    tracks += count;
    if (tracks > tracksAtMost) break;
    offsets.push(offset);
  }
  const pushes = offsets.length === 0 ? [] : await pushesAt(offsets);
  return new Map(
    pushes.map(({ offset, progress, tracks: all }) => {
      const completed = [...all.values()].filter(({ state }) => state.stage === 'completed').length;
      return [offset, { outcome: progress.outcome, completed, recipients: all.size }];
    }),
  );
};
