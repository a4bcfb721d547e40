import { setImmediate as turn } from 'node:timers/promises';

import {
  covers,
  limits,
  ok,
  parse,
  problemOf,
  refuse,
  type GetHistoryAnswer,
  type Problem,
  type Result,
} from '@cd-push/protocol';
import type { ListedPush, Place, StoredVersion } from '@cd-push/store';

import { mayQuery, seesFile, type Session, type UserSession } from '../authority/session.ts';
import type { Journal } from '../journal/journal.ts';
import { costOfRows } from '../peers/rate.ts';
import { versionViews, type CountedVersion } from './version-views.ts';

/** Versions, or pushes, that are read at a time: each push may have thousands of files. */
const perRead = 20;
/** Pushes that are looked at for one question: who sees few of their files asks again from where it ended. */
const pushesAtMost = 500;

interface Found {
  readonly versions: readonly CountedVersion[];
  readonly next: number | undefined;
}

/** Versions of a file, or of all files under a prefix, that the session sees, the latest first, page by page. */
export const getHistory = async (
  payload: unknown,
  session: Session,
  journal: Journal,
  charge: (cost: number) => void,
): Promise<Result<GetHistoryAnswer, Problem>> => {
  if (!mayQuery(session)) return refuse(problemOf('forbidden'));
  const query = parse('GetHistory', payload);
  if (!query.ok) return query;
  const { environment, resource, prefix, before, limit = limits.versionsPerPage } = query.value;
  const place: Place = { tenant: session.tenant, environment };
  const offset = journal.position;
  const found =
    resource === undefined
      ? await underPrefix(place, prefix, { before, limit }, session, journal)
      : await ofFile(place, resource, { before, limit }, session, journal);
  charge(costOfRows(found.versions.length));
  const { versions, next } = found;
  return ok({
    journal: { epoch: journal.epoch, offset },
    versions: await versionViews(place, versions, journal.store, (offsets) => journal.at(offsets)),
    ...(next === undefined ? {} : { next }),
  });
};

interface Page {
  readonly before: number | undefined;
  readonly limit: number;
}

/** Its cursor is a version. */
const ofFile = async (
  place: Place,
  resource: string,
  { before, limit }: Page,
  session: UserSession,
  { store }: Pick<Journal, 'store'>,
): Promise<Found> => {
  if (!seesFile(session, resource, place.environment)) return { versions: [], next: undefined };
  const found: StoredVersion[] = [];
  let below = before ?? Number.MAX_SAFE_INTEGER;
  while (found.length < limit) {
    const size = Math.min(perRead, limit - found.length);
    const page = await store.versions(place, resource, below, size);
    found.push(...page);
    below = page.at(-1)?.version ?? below;
    if (page.length < size) break;
    // What reads on this very thread lets others have their turn.
    await turn();
  }
  const [first] = found;
  const [count = 0] = first === undefined ? [] : await store.ordinals(place, [first]);
  const versions = found.map((version, index) => ({ version, ordinal: count - index }));
  return { versions, next: count > versions.length ? below : undefined };
};

/** Its cursor is a place. What one push brought is not torn apart, so that there may be more than were asked for. */
const underPrefix = async (
  place: Place,
  prefix: string,
  { before, limit }: Page,
  session: UserSession,
  { store }: Pick<Journal, 'store'>,
): Promise<Found> => {
  const { tenant, environment } = place;
  const found: StoredVersion[] = [];
  const answer = async (next: number | undefined): Promise<Found> => {
    const ordinals = await store.ordinals(place, found);
    return { versions: found.map((version, index) => ({ version, ordinal: ordinals[index] ?? 1 })), next };
  };
  let cursor = before;
  for (let looked = 0; looked < pushesAtMost; looked += perRead) {
    const page = await store.list({ tenant, environment, prefix, before: cursor, limit: perRead });
    for (const push of page.pushes) {
      found.push(
        ...versionsIn(push).filter(
          ({ resource }) => covers(prefix, resource) && seesFile(session, resource, environment),
        ),
      );
      cursor = push.offset;
      if (found.length >= limit) return answer(cursor);
    }
    cursor = page.next;
    if (cursor === undefined) return answer(undefined);
    await turn();
  }
  return answer(cursor);
};

const versionsIn = ({ offset, facts, recipients }: ListedPush): StoredVersion[] =>
  (facts.signed?.patches ?? []).flatMap((patch) => {
    const version: StoredVersion = {
      resource: patch.resource,
      version: patch.version,
      digest: patch.digest,
      mapDigest: patch.mapDigest ?? null,
      predecessor: patch.predecessor,
      offset,
      pushGuid: facts.pushGuid,
      sender: facts.sender,
      acceptedAt: facts.acceptedAt,
      statement: facts.digest,
      patch,
      recipients,
    };
    if (patch.from === undefined) return [version];
    return [version, { ...version, resource: patch.from, digest: null, mapDigest: null }];
  });
