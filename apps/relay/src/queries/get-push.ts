import {
  ok,
  parse,
  problemOf,
  refuse,
  type GetPushAnswer,
  type Problem,
  type Result,
} from '@cd-push/protocol';

import { mayQuery, type Session } from '../authority/session.ts';
import type { Journal } from '../journal/journal.ts';
import { viewOf, type Surroundings } from './push-view.ts';
import { maySee } from './sight.ts';

/** A push as it was signed, with the relay's acceptance of it. Unknown and foreign look alike. */
export const getPush = async (
  payload: unknown,
  session: Session,
  journal: Journal,
  around: Surroundings,
): Promise<Result<GetPushAnswer, Problem>> => {
  if (!mayQuery(session)) return refuse(problemOf('forbidden'));
  const query = parse('GetPush', payload);
  if (!query.ok) return query;
  const push = await journal.find(session.tenant, query.value.pushGuid);
  const envelope =
    push && maySee(session, push.accepted) ? await journal.store.envelope(push.offset) : undefined;
  if (push === undefined || envelope === undefined)
    return refuse(problemOf('not-found', { path: '/pushGuid' }));
  const { signed } = push.accepted;
  const { m, statement, certificate, approvals, acceptance, relayCertificate } = envelope.pushData;
  return ok({
    push: viewOf(push, around),
    patches: [...(signed?.patches ?? [])],
    ...(typeof m === 'string' && m !== '' ? { m } : {}),
    ...(statement === undefined ? {} : { statement }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(approvals === undefined ? {} : { approvals }),
    ...(acceptance === undefined ? {} : { acceptance }),
    ...(relayCertificate === undefined ? {} : { relayCertificate }),
  });
};
