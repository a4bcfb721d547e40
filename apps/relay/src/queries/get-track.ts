import { ok, parse, problemOf, refuse, type Problem, type PushView, type Result } from '@cd-push/protocol';

import { mayQuery, type Session } from '../authority/session.ts';
import type { Journal } from '../journal/journal.ts';
import { viewOf, type Surroundings } from './push-view.ts';
import { maySee } from './sight.ts';

/** Where a push stands, for whoever sees it. Unknown and foreign look alike. */
export const getTrack = async (
  payload: unknown,
  session: Session,
  journal: Journal,
  around: Surroundings,
): Promise<Result<{ push: PushView }, Problem>> => {
  if (!mayQuery(session)) return refuse(problemOf('forbidden'));
  const query = parse('GetTrack', payload);
  if (!query.ok) return query;
  const push = await journal.find(session.tenant, query.value.pushGuid);
  if (push === undefined || !maySee(session, push.accepted))
    return refuse(problemOf('not-found', { path: '/pushGuid' }));
  return ok({ push: viewOf(push, around) });
};
