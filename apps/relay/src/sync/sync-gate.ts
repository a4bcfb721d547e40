import { grantsCover, problemOf, type Problem } from '@cd-push/protocol';
import { readAddress, type Frame, type SyncGate, type ValueMap } from '@cd-push/timeline';

import { mayDo, mayPushAtAll, seesFile, type Session } from '../authority/session.ts';
import { mayRead } from '../contents/may-read.ts';
import type { JournalReads } from '../journal/journal.ts';

/** What a timeline or a constant says of whose it is: a file, or the files of a module. */
interface Place {
  readonly tenant: string;
  readonly environment: string;
  /** What a grant has to cover. */
  readonly resource: string;
}

/**
 * What a session may see and change of its tenant's timelines: what its grants cover, as for a push; whoever watches the
 * tenant sees all of it. It is asked anew for every turn, for grants change while a connection lasts.
 */
export const gateOf = (
  session: () => Session,
  store: Pick<JournalReads, 'uploads' | 'resourcesWith'>,
): SyncGate => {
  const judge = (data: ValueMap, wish: 'read' | 'write', path: string): Problem | undefined => {
    const now = session();
    const place = placeOf(data);
    if (place === undefined || place.tenant !== now.tenant) return forbidden(place, path);
    if (now.kind !== 'user' || !mayDo(now, 'sync')) return forbidden(place, path);
    if (wish === 'read' && seesFile(now, place.resource, place.environment)) return undefined;
    // A tip that moves decides what the next push has to follow.
    if (wish === 'write' && !(mayPushAtAll(now) && mayDo(now, 'push'))) return forbidden(place, path);
    return grantsCover(now.grants, place.resource, place.environment) ? undefined : forbidden(place, path);
  };
  return {
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

/** Undefined where it says nothing of the kind: nobody's grants are for such a thing. */
const placeOf = ({ tenant, environment, resource, module }: ValueMap): Place | undefined => {
  if (typeof tenant !== 'string' || typeof environment !== 'string') return undefined;
  if (typeof resource === 'string') return { tenant, environment, resource };
  return typeof module === 'string' ? { tenant, environment, resource: `/${module}` } : undefined;
};

/** The same for what is another tenant's and for what is not granted: neither says that it is there. */
const forbidden = (place: Place | undefined, path: string): Problem =>
  problemOf('forbidden', {
    path,
    resource: place?.resource,
    detail: 'The session’s grants do not cover this.',
  });
