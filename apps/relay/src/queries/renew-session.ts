import { ok, parse, problemOf, refuse, type Problem, type Result } from '@cd-push/protocol';

import type { Session } from '../authority/session.ts';

/** A fresh token of the same session prolongs the connection; anybody else's is refused. */
export const renewSession = async (
  payload: unknown,
  session: Session,
  introspect: (token: string) => Promise<Session | undefined>,
): Promise<Result<Session, Problem>> => {
  const renewal = parse('RenewSession', payload);
  if (!renewal.ok) return renewal;
  const renewed = await introspect(renewal.value.token);
  if (renewed === undefined) return refuse(problemOf('unauthenticated', { path: '/token' }));
  if (!isSame(session, renewed)) {
    const detail = 'This token is of another session than the connection’s.';
    return refuse(problemOf('forbidden', { path: '/token', detail }));
  }
  return ok(renewed);
};

/** A runtime's tokens are tied together by its credential; each may be a session of its own. */
const isSame = (session: Session, renewed: Session): boolean =>
  session.kind === renewed.kind &&
  session.tenant === renewed.tenant &&
  session.subject === renewed.subject &&
  (session.kind === 'runtime' || session.id === renewed.id);
