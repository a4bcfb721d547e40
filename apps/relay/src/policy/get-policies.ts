import {
  limits,
  matchesTarget,
  ok,
  parse,
  problemOf,
  refuse,
  type Policy,
  type Problem,
  type Result,
} from '@cd-push/protocol';

import type { Directory } from '../authority/directory.ts';
import { mayQuery, seesAll, seesRuntime, type Session } from '../authority/session.ts';
import type { PolicyBook } from './policy-book.ts';

/** What holds where: all of it for whoever sees all, and else what concerns a runtime that the session may know of. */
export const getPolicies = (
  payload: unknown,
  session: Session,
  directory: Directory,
  policies: PolicyBook,
): Result<{ policies: Policy[] }, Problem> => {
  if (!mayQuery(session)) return refuse(problemOf('forbidden'));
  const query = parse('GetPolicies', payload);
  if (!query.ok) return query;
  if (seesAll(session)) return ok({ policies: policies.all().slice(-limits.policies) });
  const reached = [...directory.all()].filter((runtime) => seesRuntime(session, runtime));
  const concerning = policies
    .all()
    .filter(
      ({ target, by }) => by === session.subject || reached.some((runtime) => matchesTarget(target, runtime)),
    );
  return ok({ policies: concerning.slice(-limits.policies) });
};
