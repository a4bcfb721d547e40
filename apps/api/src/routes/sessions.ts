import {
  AddressSchema,
  IdentityEventSchema,
  ProblemError,
  problemOf,
  SessionAnswerSchema,
  SessionGenesisSchema,
  type IdentityClaim,
  type IdentityEvent,
} from '@cd-push/protocol';
import type { Identity, Session, User } from '@cd-push/store';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import { identityEntries, loginEntry } from '../audit/entries.ts';
import type { Api } from '../context.ts';
import { claimedSession, sessionAnswer } from '../identity/open-session.ts';
import { NonceSchema, ProofSchema, requireProof } from '../identity/proofs.ts';
import { ended, evolve, listed, tipMoved } from '../identity/registrar.ts';

const OpenSchema = Type.Object(
  {
    identity: AddressSchema,
    /** The tip that the events follow. */
    from: AddressSchema,
    /** What follows it; the last event claims the session. */
    events: Type.Array(IdentityEventSchema, { minItems: 1, maxItems: 32 }),
    /** The session's first frame, made for this nonce. */
    genesis: SessionGenesisSchema,
    nonce: NonceSchema,
    /** JWS over {nonce, issuer, subject: the session's address} by the session's key. */
    proof: ProofSchema,
    /** Shown back in the session; a diagnostic. */
    clientId: Type.Optional(Type.String({ maxLength: 128 })),
  },
  { additionalProperties: false },
);

const TokenSchema = Type.Object(
  {
    session: AddressSchema,
    nonce: NonceSchema,
    /** JWS over {nonce, issuer, subject: session} by the session's key. */
    proof: ProofSchema,
  },
  { additionalProperties: false },
);

/** Sessions of identities: an identity claims one, and the session's own key gets its tokens. */
export const sessionsRoutes =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/auth/sessions',
      {
        schema: { summary: 'Open a session', body: OpenSchema, response: { 200: SessionAnswerSchema } },
        onRequest: (request) => api.rates.anonymous(request),
      },
      async (request) => {
        const { from, events, genesis, nonce, proof, clientId = null } = request.body;
        const at = api.now();
        const identity = await knownIdentity(api, request.body.identity);
        const user = await ownerOf(api, identity);
        const claim = lastClaimOf(events);
        await requireProof(
          api.nonces,
          { publicKey: claim.key, nonce, proof, subject: claim.target, issuer: api.issuerName() },
          at,
        );
        // After the proof: that the log goes on otherwise is told to nobody who holds no key for this.
        if (identity.tip !== from) throw tipMoved();
        const evolved = await evolve(identity, listed(events));
        const session = await claimedSession(identity, evolved, claim, genesis, { nonce, clientId, at });
        await api.rates.identityEvents(request, user.id, events.length);
        // The claim of the session is its login.
        const entries = [
          ...identityEntries(identity, events.slice(0, -1), request.ip, at),
          loginEntry(user, session.id, identity.address, request.ip, at),
        ];
        const next = { address: identity.address, from, ...evolved, at };
        if ((await api.store.identities.append(next, session, entries)) === undefined) throw tipMoved();
        return sessionAnswer(api, { ...session, revoked: null }, user, at);
      },
    );

    app.post(
      '/auth/sessions/token',
      {
        schema: {
          summary: 'The next access token of a session',
          body: TokenSchema,
          response: { 200: SessionAnswerSchema },
        },
        onRequest: (request) => api.rates.anonymous(request),
      },
      async (request) => {
        const { nonce, proof } = request.body;
        const at = api.now();
        const session = await api.store.sessions.get(request.body.session);
        const publicKey = session?.acting ? session.publicKey : null;
        if (session === undefined || publicKey === null) throw over('session-expired');
        const proven = { nonce, proof, subject: session.id, issuer: api.issuerName() };
        await requireProof(api.nonces, { publicKey, ...proven }, at);
        return sessionAnswer(api, session, await userOf(api, session, at), at);
      },
    );
  };

const knownIdentity = async (api: Api, address: string): Promise<Identity> => {
  const identity = await api.store.identities.get(address);
  if (identity === undefined) {
    const detail = 'This identity is not registered here. Sign in with the password once: cd-cli login';
    throw new ProblemError(problemOf('unauthenticated', { path: '/identity', detail }));
  }
  if (identity.revokedAt !== null) throw ended();
  return identity;
};

const ownerOf = async (api: Api, { userId }: Identity): Promise<User> => {
  const user = await api.store.users.get(userId);
  if (user !== undefined) return user;
  throw new ProblemError(
    problemOf('session-revoked', { detail: 'The user whose identity this is was removed.' }),
  );
};

const userOf = async (api: Api, session: Session, at: number): Promise<User> => {
  if (session.revoked !== null) throw over('session-revoked');
  if (session.expiresAt <= at) throw over('session-expired');
  const user = await api.store.users.get(session.userId);
  if (user === undefined) throw over('session-revoked');
  return user;
};

const lastClaimOf = (events: readonly IdentityEvent[]): IdentityClaim => {
  const last = events.at(-1);
  if (last?.op === 'claim') return last;
  const detail = 'The last of the events has to claim the session.';
  throw new ProblemError(problemOf('bad-identity', { path: '/events', detail }));
};

const over = (kind: 'session-expired' | 'session-revoked'): ProblemError =>
  new ProblemError(problemOf(kind, { detail: 'Open another session.' }));
