import {
  limits,
  ok,
  parse,
  problemOf,
  refuse,
  type ListPushesAnswer,
  type Problem,
  type Result,
} from '@cd-push/protocol';

import { mayQuery, type Session } from '../authority/session.ts';
import type { Journal } from '../journal/journal.ts';
import { costOfRows } from '../peers/rate.ts';
import { findPushes } from './find-pushes.ts';
import { viewOf, type Surroundings } from './push-view.ts';
import { fitsFilter, maySee } from './sight.ts';

/** Pushes of the journal that the session sees, page by page; a page may hold fewer than there are, as `next` says. It costs what is read. */
export const listPushes = async (
  payload: unknown,
  session: Session,
  journal: Journal,
  around: Surroundings,
  charge: (cost: number) => void,
): Promise<Result<ListPushesAnswer, Problem>> => {
  if (!mayQuery(session)) return refuse(problemOf('forbidden'));
  const query = parse('ListPushes', payload);
  if (!query.ok) return query;
  const { outcome, sender, limit = limits.pushesPerPage, ...filter } = query.value;
  const offset = journal.position;
  const { pushes, next, rows } = await findPushes(
    {
      tenant: session.tenant,
      pushGuid: filter.pushGuid,
      environment: filter.environment,
      prefix: filter.prefix,
      recipient: filter.recipient,
      sender,
      open: outcome === undefined ? undefined : outcome === 'open',
      before: filter.before,
      limit,
    },
    {
      sees: (facts) => maySee(session, facts) && (sender === undefined || sender === facts.sender.subject),
      fits: ({ accepted, progress }) =>
        fitsFilter(filter, accepted) && (outcome === undefined || outcome === progress.outcome),
    },
    journal,
  );
  charge(costOfRows(rows));
  return ok({
    journal: { epoch: journal.epoch, offset },
    pushes: pushes.map((push) => viewOf(push, around)),
    ...(next === undefined ? {} : { next }),
  });
};
