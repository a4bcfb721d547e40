import { grantsCover, type Problem } from '@cd-push/protocol';
import { readAddress, type Frame, type SyncGate, type ValueMap } from '@cd-push/timeline';

import { mayDo, mayPushAtAll, seesFile, type Session, type UserSession } from '../authority/session.ts';
import { mayRead } from '../contents/may-read.ts';
import type { JournalReads } from '../journal/journal.ts';
import { forbiddenAt, placeOf } from './place-of.ts';

/**
 * What a person's session may see and change of its tenant's timelines: what its grants cover, as for a push; whoever watches the
 * tenant sees all of it. It is asked anew for every turn, for grants change while a connection lasts.
 */
export const gateOf = (
  session: () => Session,
  store: Pick<JournalReads, 'uploads' | 'resourcesWith'>,
): SyncGate => {
  const judge = (data: ValueMap, wish: 'read' | 'write', path: string): Problem | undefined => {
    const now = session();
    const place = placeOf(data);
    if (place === undefined || place.tenant !== now.tenant) return forbiddenAt(place, path);
    if (now.kind !== 'user' || !mayDo(now, 'sync')) return forbiddenAt(place, path);
    if (wish === 'read' && seesFile(now, place.resource, place.environment)) return undefined;
    // A tip that moves decides what the next push has to follow.
    if (wish === 'write' && !mayMoveTips(now)) return forbiddenAt(place, path);
    return grantsCover(now.grants, place.resource, place.environment) ? undefined : forbiddenAt(place, path);
  };
  return {
    mayWrite: () => {
      const now = session();
      return now.kind === 'user' && mayMoveTips(now);
    },
    hides: false,
    timeline: ({ frame }: { readonly frame: Frame }, wish) => judge(frame.data, wish, '/timelines'),
    constant: ({ constant }, wish) => judge(constant.data, wish, '/constants'),
    blob: async (address) => {
      const now = session();
      const digest = readAddress(address)?.digest;
      if (digest === undefined || now.kind !== 'user') return false;
      return (
        (await mayRead(now, digest, store)) || (await store.uploads(now.tenant, now.subject)).has(digest)
      );
    },
  };
};

const mayMoveTips = (session: UserSession): boolean => mayPushAtAll(session) && mayDo(session, 'push');
