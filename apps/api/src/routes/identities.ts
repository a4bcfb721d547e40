import {
  AddressSchema,
  IdentityBoundSchema,
  IdentityEventSchema,
  IdentityEventsSchema,
  IdentityViewSchema,
  isIdentityEvent,
  ProblemError,
  problemOf,
  type IdentityEvent,
  type PublicKey,
} from '@cd-push/protocol';
import type { Identity } from '@cd-push/store';
import type { IdentityState } from '@cd-push/timeline';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import { issuerKeys, userView } from '../answers.ts';
import { identityBoundEntry, identityEndedEntry, identityRotatedEntry } from '../audit/entries.ts';
import type { Api } from '../context.ts';
import { notingRefusals, PasswordSchema, userWith, UserNameSchema } from '../identity/password-sign-in.ts';
import { NonceSchema, ProofSchema, requireProof } from '../identity/proofs.ts';
import { ended, evolve, identityView, listed, logOf, tipMoved } from '../identity/registrar.ts';

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
          const entry = identityBoundEntry(owner, identity, request.ip, at);
          const made =
            begun &&
            (await api.store.identities.register(
              { address: identity, userId: owner.id, ...begun, at },
              entry,
            ));
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

    app.get(
      '/identities/:address/events',
      {
        schema: {
          summary: 'The log of an identity, as it was signed',
          params: ParamsSchema,
          querystring: Type.Object(
            { from: Type.Optional(Type.Integer({ minimum: 0 })) },
            { additionalProperties: false },
          ),
          response: { 200: IdentityEventsSchema },
        },
        onRequest,
      },
      async (request) => {
        const { address } = await existing(api, request.params.address);
        const events = await api.store.identities.events(address, request.query.from ?? 0, eventsAtOnce);
        return { events: events.map(keptEvent) };
      },
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
        const taken = evolved.log.isRevoked
          ? await api.store.identities.end(next, identityEndedEntry(identity, request.ip, at))
          : await api.store.identities.append(
              next,
              undefined,
              identityRotatedEntry(identity, events, request.ip, at),
            );
        if (taken === undefined) throw tipMoved();
        return identityView(taken);
      },
    );
  };

const existing = async (api: Api, address: string): Promise<Identity> => {
  const identity = await api.store.identities.get(address);
  if (identity !== undefined) return identity;
  throw new ProblemError(
    problemOf('not-found', { detail: 'This identity is not registered here. Sign in: cd-cli login' }),
  );
};

/** Each was checked before it was kept. */
const keptEvent = (text: string): IdentityEvent => {
  const event: unknown = JSON.parse(text);
  if (isIdentityEvent(event)) return event;
  throw new Error('The store holds an event of an unknown form.');
};

const firstKeyOf = ({ established }: IdentityState): PublicKey => {
  const [key] = established.keys;
  if (key === undefined) throw new Error('An identity without keys was registered.');
  return key;
};

const otherIdentity = (): ProblemError =>
  new ProblemError(
    problemOf('bad-identity', { path: '/identity', detail: 'These events are of another identity.' }),
  );
