import {
  AddressSchema,
  IdentityBoundSchema,
  IdentityEventSchema,
  IdentityViewSchema,
  grantsCover,
  limits,
  ProblemError,
  problemOf,
  type PublicKey,
} from '@cd-push/protocol';
import type { IdentityState } from '@cd-push/timeline';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import { issuerKeys, userView } from '../answers.ts';
import { identityEntries, identityWithdrawnEntry } from '../audit/entries.ts';
import type { Api } from '../context.ts';
import { notingRefusals, PasswordSchema, userWith, UserNameSchema } from '../identity/password-sign-in.ts';
import { NonceSchema, ProofSchema, requireProof } from '../identity/proofs.ts';
import {
  ended,
  evolve,
  existing,
  identityView,
  leftBy,
  listed,
  logOf,
  scopeOf,
  tipMoved,
} from '../identity/registrar.ts';
import { signedInUser, users, type SignedIn } from '../server/guards.ts';

/** Events of one request; a longer log is sent piece by piece. */
const eventsAtOnce = 32;
const EventsSchema = Type.Array(IdentityEventSchema, { minItems: 1, maxItems: eventsAtOnce });

const BindSchema = Type.Object(
  {
    userName: UserNameSchema,
    password: PasswordSchema,
    /** Address of the inception. */
    identity: AddressSchema,
    /** The log from its inception; left out where the identity is registered already. */
    events: Type.Optional(EventsSchema),
    nonce: NonceSchema,
    /** JWS over {nonce, issuer, subject: identity} by the first of the identity's current keys. */
    proof: ProofSchema,
  },
  { additionalProperties: false },
);

const NextSchema = Type.Object(
  {
    /** The tip that the events follow. */
    from: AddressSchema,
    events: EventsSchema,
  },
  { additionalProperties: false },
);

const ParamsSchema = Type.Object({ address: AddressSchema });

/** Registrar of identities: each is bound to a user once, by password; afterwards its own signatures speak for it. */
export const identityRoutes =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    const onRequest = (request: Parameters<typeof api.rates.anonymous>[0]) => api.rates.anonymous(request);

    app.post(
      '/identities',
      {
        schema: {
          summary: 'Bind an identity to a user',
          body: BindSchema,
          response: { 200: IdentityBoundSchema },
        },
      },
      async (request) => {
        const { userName, password, identity, events, nonce, proof } = request.body;
        const at = api.now();
        const { bound, user } = await notingRefusals(api, request, userName, async () => {
          await api.rates.signIn(request);
          const known = await api.store.identities.get(identity);
          const begun = known === undefined ? await evolve(undefined, listed(events)) : undefined;
          const log = begun?.log ?? logOf(known);
          if (log.identity !== identity) throw otherIdentity();
          // Before the password, so that a bad proof tells nothing of it, and uses up none of the user's tries.
          const proven = { nonce, proof, subject: identity, issuer: api.issuerName() };
          await requireProof(api.nonces, { publicKey: firstKeyOf(log), ...proven }, at);
          await api.rates.password(request, userName);
          const owner = await userWith(api, userName, password);
          if (begun === undefined) return { bound: await existing(api, identity), user: owner };
          const given = listed(events);
          const subject = { address: identity, userId: owner.id };
          await api.rates.identityEvents(request, owner.id, given.length);
          const made = await api.store.identities.register(
            { ...subject, ...begun, at, openAtMost: limits.identitiesPerUser },
            identityEntries(subject, given, request.ip, at),
          );
          if (made === 'too-many') throw tooMany();
          return { bound: made ?? (await existing(api, identity)), user: owner };
        });
        if (bound.userId !== user.id) {
          const detail = 'This identity is another user’s.';
          throw new ProblemError(problemOf('conflict', { path: '/identity', detail }));
        }
        if (bound.revokedAt !== null) throw ended();
        return {
          ...identityView(bound),
          user: userView(api, user),
          issuer: api.issuerName(),
          tenant: api.settings.tenant,
          keys: issuerKeys(api),
        };
      },
    );

    app.get(
      '/identities/:address',
      {
        schema: {
          summary: 'How far the log of an identity goes',
          params: ParamsSchema,
          response: { 200: IdentityViewSchema },
        },
        onRequest,
      },
      async (request) => identityView(await existing(api, request.params.address)),
    );

    app.post(
      '/identities/:address/events',
      {
        schema: {
          summary: 'Rotate the keys of an identity, or end it',
          params: ParamsSchema,
          body: NextSchema,
          response: { 200: IdentityViewSchema },
        },
        onRequest,
      },
      async (request) => {
        const { from, events } = request.body;
        const identity = await existing(api, request.params.address);
        if (identity.revokedAt !== null) throw ended();
        if (identity.tip !== from) throw tipMoved();
        const at = api.now();
        const evolved = await evolve(identity, listed(events));
        const next = { address: identity.address, from, ...evolved, at };
        await api.rates.identityEvents(request, identity.userId, events.length);
        const entries = identityEntries(identity, events, request.ip, at);
        const taken = evolved.log.isRevoked
          ? await api.store.identities.end(next, entries)
          : await api.store.identities.append(next, undefined, entries);
        if (taken === undefined) throw tipMoved();
        return identityView(taken);
      },
    );

    app.delete(
      '/identities/:address',
      {
        schema: {
          summary: 'End an identity whose keys are lost, by the word of its user or of an admin',
          security: [{ bearer: [] }],
          params: ParamsSchema,
          response: { 200: IdentityViewSchema },
        },
        onRequest: users(api),
      },
      async (request) => {
        const by = signedInUser(request);
        const at = api.now();
        const identity = await existing(api, request.params.address);
        if (!mayEnd(by, identity.userId)) {
          const detail =
            'An identity is ended by its own user or an admin, in a session that is not narrowed.';
          throw new ProblemError(problemOf('forbidden', { detail }));
        }
        const { address, tip, n, state } = identity;
        const end = { address, from: tip, events: [], tip, n, state, at };
        const taken = await api.store.identities.end(end, [identityWithdrawnEntry(by, identity, at)]);
        if (taken !== undefined) return identityView(taken);
        throw (await existing(api, address)).revokedAt === null ? tipMoved() : ended();
      },
    );
  };

const mayEnd = ({ user, session }: SignedIn, userId: number): boolean => {
  const isAdmin = user.roles.includes('admin');
  const scope = scopeOf(session);
  const isLet = user.id === userId ? scope?.verbs.includes('revoke') : scope?.verbs.includes('manage');
  return (user.id === userId || isAdmin) && isLet === true && grantsCover(leftBy(session), '/', '*');
};

const firstKeyOf = ({ established }: IdentityState): PublicKey => {
  const [key] = established.keys;
  if (key === undefined) throw new Error('An identity without keys was registered.');
  return key;
};

const tooMany = (): ProblemError => {
  const detail = `This user has ${limits.identitiesPerUser} identities already. End one that is used no more.`;
  return new ProblemError(problemOf('invalid-request', { path: '/identity', detail }));
};

const otherIdentity = (): ProblemError =>
  new ProblemError(
    problemOf('bad-identity', { path: '/identity', detail: 'These events are of another identity.' }),
  );
