import {
  epochMs,
  ProblemError,
  problemOf,
  type EpochMs,
  type Grant,
  type IdentityClaim,
  type SessionAnswer,
  type SessionGenesis,
  type SignedIn,
} from '@cd-push/protocol';
import type { Identity, NewSession, Session, User } from '@cd-push/store';
import { beginSession, intersectGrants, isAddress, scopeHasVerb, type Address } from '@cd-push/timeline';

import { issuerKeys, success, userView } from '../answers.ts';
import type { Api } from '../context.ts';
import { clientKindOf, mayPush, subjectOf } from './callers.ts';
import { certifySession } from './certificates.ts';
import { delegationIn, delegationOf, type Evolved } from './registrar.ts';

/** A session ends after 12 hours, and earlier where its identity says so. */
const sessionMs = 12 * 60 * 60 * 1000;

/**
 * The session that an identity has claimed, with the frame that it begins with: of one key, made for this very nonce.
 *
 * @throws {ProblemError} what does not hold of the frame.
 */
export const claimedSession = async (
  identity: Identity,
  evolved: Evolved,
  claim: IdentityClaim,
  genesis: SessionGenesis,
  { nonce, clientId, at }: { readonly nonce: string; readonly clientId: string | null; readonly at: EpochMs },
): Promise<NewSession> => {
  const { key, scope, target } = claim;
  if (!scopeHasVerb(scope, claim.verb, at)) throw refused('The scope of the claim is over.');
  const authority = { principal: evolved.log.identity, session: claimed(target), key, scope };
  const begun = await beginSession(genesis, { authority, nonce, isChallenged: true });
  if (!begun.ok) throw new ProblemError(begun.problem);
  return {
    id: target,
    userId: identity.userId,
    clientId,
    publicKey: key,
    acting: {
      identity: identity.address,
      delegation: JSON.stringify(delegationOf(evolved, claim)),
    },
    createdAt: at,
    expiresAt: epochMs(Math.min(scope.expiresAt, at + sessionMs)),
  };
};

/** The answer to whoever has opened a session, or prolongs its token: a fresh access token and certificate. */
export const sessionAnswer = async (
  api: Api,
  session: Session,
  user: User,
  at: EpochMs,
): Promise<SessionAnswer> => {
  const delegation = delegationIn(session);
  const { publicKey, acting } = session;
  if (delegation === undefined || publicKey === null || acting === null)
    throw new Error('A session of an existing client has no certificate.');
  const { scope } = delegation.claim;
  const grants = intersectGrants(user.grants, scope.grants);
  const { token, expiresAt } = api.tokens.issue(
    {
      sub: subjectOf(user),
      sid: session.id,
      client: clientKindOf(user),
      roles: [...user.roles],
      publicKey,
    },
    at,
  );
  const certificate = mayPush(user)
    ? await certifySession(
        api.certifier(),
        {
          id: session.id,
          subject: subjectOf(user),
          publicKey,
          grants,
          identity: acting.identity,
          delegation,
          verbs: scope.verbs,
        },
        at,
        Math.min(api.settings.certificateMs, session.expiresAt - at),
      )
    : null;
  return {
    app_state: sessionState(session, { token, ttlSeconds: api.tokens.ttlSeconds }, at),
    data: {
      identity: acting.identity,
      expiresAt,
      sessionExpiresAt: session.expiresAt,
      certificate,
      verbs: [...scope.verbs],
      grants,
      user: userView(api, user),
      issuer: api.issuerName(),
      keys: issuerKeys(api),
    },
  };
};

/** What a user may push in a session: what the identity behind it has claimed of the user's own. */
export const grantsIn = (session: Session, user: User): Grant[] => {
  const scope = delegationIn(session)?.claim.scope;
  return scope === undefined ? [] : intersectGrants(user.grants, scope.grants);
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

const claimed = (target: string): Address => {
  if (isAddress(target)) return target;
  throw refused('The claim names no session.');
};

const refused = (detail: string): ProblemError =>
  new ProblemError(problemOf('bad-identity', { path: '/events', detail }));
