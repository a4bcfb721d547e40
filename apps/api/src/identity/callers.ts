import { problemOf, type EpochMs, type Problem } from '@cd-push/protocol';
import type { Runtime, Session, Store, User } from '@cd-push/store';

import type { AccessClaims, Tokens } from './tokens.ts';

/** Whose token it is, as the store knows them now. */
export type Caller =
  | { readonly kind: 'user'; readonly claims: AccessClaims; readonly session: Session; readonly user: User }
  | { readonly kind: 'runtime'; readonly claims: AccessClaims; readonly runtime: Runtime };

export type Recognition =
  | { readonly kind: 'caller'; readonly caller: Caller }
  | { readonly kind: 'expired' }
  | { readonly kind: 'revoked' }
  | { readonly kind: 'invalid' };

/** Recognises an access token: valid by itself, and its session or runtime is still there. */
export const recognise = async (
  store: Store,
  tokens: Tokens,
  token: string,
  at: EpochMs,
): Promise<Recognition> => {
  const verified = tokens.verify(token, at);
  if (verified.kind !== 'valid') return verified;
  const { claims } = verified;
  if (claims.client === 'runtime') {
    const runtime = await store.runtimes.get(claims.sub);
    if (runtime === undefined || runtime.publicKey.x !== claims.cnf?.jwk.x) return { kind: 'revoked' };
    return { kind: 'caller', caller: { kind: 'runtime', claims, runtime } };
  }
  const session = await store.sessions.get(claims.sid);
  if (session === undefined || session.revoked !== null) return { kind: 'revoked' };
  if (session.expiresAt <= at) return { kind: 'expired' };
  const user = await store.users.get(session.userId);
  if (user === undefined || subjectOf(user) !== claims.sub) return { kind: 'revoked' };
  return { kind: 'caller', caller: { kind: 'user', claims, session, user } };
};

/** The user as tokens and certificates name them. */
export const subjectOf = (user: User): string => `user-${user.id}`;

/** Whether the user may push at all; what, the grants say. */
export const mayPush = (user: User): boolean =>
  user.roles.includes('developer') || user.roles.includes('admin');

export const clientKindOf = (user: User): 'developer' | 'observer' =>
  mayPush(user) ? 'developer' : 'observer';

/** How the token fell through, for whoever showed it. */
export const refusalOf = (kind: Exclude<Recognition['kind'], 'caller'>): Problem => {
  switch (kind) {
    case 'expired':
      return problemOf('session-expired', {
        detail: 'Get the next token of the session, or open another one, and try again.',
      });
    case 'revoked':
      return problemOf('session-revoked', {
        detail: 'Open another session; where the identity was ended or its user removed, sign in again.',
      });
    case 'invalid':
      return problemOf('unauthenticated', {
        detail: 'Show a valid access token as "Authorization: Bearer".',
      });
    default:
      return kind satisfies never;
  }
};
