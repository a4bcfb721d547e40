import type { Place, ResourceHead } from '@cd-push/store';
import { readAddress, type Address, type FrameRef, type Sight } from '@cd-push/timeline';

import { seesFile, type UserSession } from '../authority/session.ts';
import { mayRead } from '../contents/may-read.ts';
import type { JournalReads } from '../journal/journal.ts';

/**
 * What a sender may refer to of what is here: histories of the files that are pushed, those of files that the session sees, and
 * blobs that are contents which the sender has put or may read.
 */
export const sightOf = (
  session: UserSession,
  { tenant }: Place,
  frames: readonly (FrameRef | null)[],
  heads: readonly ResourceHead[],
  pushed: ReadonlySet<Address>,
  store: Pick<JournalReads, 'uploads' | 'resourcesWith'>,
): Sight => {
  const timelines = new Set<string>(frames.flatMap((frame) => frame?.timeline ?? []));
  // A timeline that begins anew under a name says after which frame, wherever that one's file is now.
  const before = new Set<string>(heads.flatMap(({ frame }) => frame?.address ?? []));
  let uploads: Promise<ReadonlyMap<string, number>> | undefined;
  return {
    frame: ({ address, timeline }, genesis) => {
      if (timelines.has(timeline) || before.has(address)) return true;
      const { environment, resource } = genesis.frame.data;
      return (
        typeof environment === 'string' &&
        typeof resource === 'string' &&
        seesFile(session, resource, environment)
      );
    },
    // Files relate to none.
    constant: () => false,
    blob: async (address) => {
      if (pushed.has(address)) return true;
      const digest = readAddress(address)?.digest;
      if (digest === undefined) return false;
      uploads ??= store.uploads(tenant, session.subject);
      return (await uploads).has(digest) || mayRead(session, digest, store);
    },
  };
};
