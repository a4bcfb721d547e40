import { randomUUID } from 'node:crypto';

import { epochMs, type EpochMs, type PublicKey, type SessionAnswer, type SignedIn } from '@cd-push/protocol';
import type { KeptToken, Session, User } from '@cd-push/store';

import { issuerKeys, success, userView } from '../answers.ts';
import type { Api } from '../context.ts';
import { clientKindOf, mayPush, subjectOf } from './callers.ts';
import { certifySession } from './certificates.ts';
import { hashSecret, newSecret } from './secrets.ts';

/** A session ends after 30 days, and earlier where it was not refreshed for 7. */
const sessionMs = 30 * 24 * 60 * 60 * 1000;
const refreshMs = 7 * 24 * 60 * 60 * 1000;

export const openSession = (
  api: Api,
  user: User,
  { clientId, publicKey }: { readonly clientId: string | null; readonly publicKey: PublicKey | null },
  refresh: KeptToken,
  at: EpochMs,
): Promise<Session> =>
  api.store.sessions.create({
    id: randomUUID(),
    userId: user.id,
    clientId,
    publicKey,
    createdAt: at,
    expiresAt: epochMs(at + sessionMs),
    refresh,
  });

/** A refresh token to hand out, and what is kept of it. */
export const newRefreshToken = (at: EpochMs): { readonly token: string; readonly kept: KeptToken } => {
  const token = newSecret();
  return { token, kept: { hash: hashSecret(token), expiresAt: epochMs(at + refreshMs) } };
};

/** The answer to login and refresh: a fresh access token and certificate of the session. */
export const sessionAnswer = async (
  api: Api,
  session: Session,
  user: User,
  refreshToken: string,
  at: EpochMs,
): Promise<SessionAnswer> => {
  const { token, expiresAt } = api.tokens.issue(
    {
      sub: subjectOf(user),
      sid: session.id,
      client: clientKindOf(user),
      roles: [...user.roles],
      publicKey: session.publicKey,
    },
    at,
  );
  const { publicKey } = session;
  const certificate =
    publicKey === null || !mayPush(user)
      ? null
      : await certifySession(
          api.certifier(),
          { id: session.id, subject: subjectOf(user), publicKey, grants: user.grants },
          at,
          Math.min(api.settings.certificateMs, session.expiresAt - at),
        );
  return {
    app_state: sessionState(session, { token, ttlSeconds: api.tokens.ttlSeconds }, at),
    data: {
      refreshToken,
      expiresAt,
      sessionExpiresAt: session.expiresAt,
      certificate,
      grants: [...user.grants],
      user: userView(api, user),
      issuer: api.issuerName(),
      keys: issuerKeys(api),
    },
  };
};

/** The session as `app_state` shows it to its own client. */
export const sessionState = (
  session: Session,
  access: { readonly token: string; readonly ttlSeconds: number },
  at: EpochMs,
): SignedIn => {
  const sess: SignedIn['sess'] = {
    userId: session.userId,
    jwt: { jwtToken: access.token, checked: true, checkTime: at, authorized: true, ttl: access.ttlSeconds },
    ttl: access.ttlSeconds,
    initUuid: session.id,
    initTime: new Date(session.createdAt).toISOString(),
    clientId: session.clientId,
  };
  return success(sess, 'The session is valid.');
};
