import {
  epochMs,
  limits,
  ok,
  parse,
  problemOf,
  refuse,
  type FileChange,
  type GetChangesAnswer,
  type Problem,
  type Result,
} from '@cd-push/protocol';
import type { Place, ResourceChange } from '@cd-push/store';

import { mayQuery, seesFile, type Session } from '../authority/session.ts';
import type { Journal } from '../journal/journal.ts';
import { costOfRows } from '../peers/rate.ts';
import { versionViews } from './version-views.ts';

/** Files under a prefix that have changed since a place or a time, with what was in place then; those that the session sees. */
export const getChanges = async (
  payload: unknown,
  session: Session,
  journal: Journal,
  charge: (cost: number) => void,
): Promise<Result<GetChangesAnswer, Problem>> => {
  if (!mayQuery(session)) return refuse(problemOf('forbidden'));
  const query = parse('GetChanges', payload);
  if (!query.ok) return query;
  const { environment, prefix, since, after, limit = limits.versionsPerPage } = query.value;
  const { store } = journal;
  const place: Place = { tenant: session.tenant, environment };
  const offset = journal.position;
  const from = 'offset' in since ? since.offset : await store.offsetAt(epochMs(since.at));
  const changed = await store.changesSince(place, prefix, from, { after, limit });
  const seen = changed.filter(({ now }) => seesFile(session, now.resource, environment));
  charge(costOfRows(2 * changed.length));
  const next = changed.length < limit ? undefined : changed.at(-1)?.now.resource;
  return ok({
    journal: { epoch: journal.epoch, offset },
    since: from,
    changes: await changesOf(place, seen, journal),
    ...(next === undefined ? {} : { next }),
  });
};

const changesOf = async (
  place: Place,
  changes: readonly ResourceChange[],
  journal: Journal,
): Promise<FileChange[]> => {
  const versions = changes.flatMap(({ now, before }) => (before === undefined ? [now] : [now, before]));
  const ordinals = await journal.store.ordinals(place, versions);
  const counted = versions.map((version, index) => ({ version, ordinal: ordinals[index] ?? 1 }));
  const views = await versionViews(place, counted, journal.store, undefined);
  const viewed = new Map(views.map((view) => [`${view.version} ${view.resource}`, view]));
  return changes.flatMap(({ now, before, isForgotten }) => {
    const view = viewed.get(`${now.version} ${now.resource}`);
    if (view === undefined) return [];
    const then = before && viewed.get(`${before.version} ${before.resource}`);
    return [{ now: view, before: then ?? null, forgotten: isForgotten }];
  });
};
