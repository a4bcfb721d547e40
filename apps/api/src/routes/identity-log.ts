import {
  AddressSchema,
  grantsCover,
  IdentityEventsSchema,
  isIdentityEvent,
  ProblemError,
  problemOf,
  PublicKeySchema,
  type IdentityEvent,
  type PublicKey,
} from '@cd-push/protocol';
import type { Identity } from '@cd-push/store';
import { thumbprintOf } from '@cd-push/timeline';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import Type from 'typebox';

import type { Api } from '../context.ts';
import { NonceSchema, ProofSchema, requireProof } from '../identity/proofs.ts';
import { establishmentsOf, existing, leftBy, logOf } from '../identity/registrar.ts';
import { either } from '../server/either.ts';
import { memberOf, members, services } from '../server/guards.ts';

/** Events of one answer. */
const eventsAtOnce = 32;

const ParamsSchema = Type.Object({ address: AddressSchema });

const ReadSchema = Type.Object(
  {
    from: Type.Optional(Type.Integer({ minimum: 0 })),
    /** One that is in force, or that the log is committed to. */
    key: PublicKeySchema,
    nonce: NonceSchema,
    /** JWS over {nonce, issuer, subject: identity} by that key. */
    proof: ProofSchema,
  },
  { additionalProperties: false },
);

/**
 * Logs of identities, for whom they are for: all of one for its own keys and its user, who follow it; to everybody else in the
 * tenant what it takes to verify - which keys were in force, and whether it was ended. What it lets its sessions do is in none
 * of that.
 */
export const identityLogRoutes =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/identities/:address/log',
      {
        schema: {
          summary: 'The log of an identity, for its own keys',
          params: ParamsSchema,
          body: ReadSchema,
          response: { 200: IdentityEventsSchema },
        },
        onRequest: (request) => api.rates.anonymous(request),
      },
      async (request) => {
        const { from = 0, key, nonce, proof } = request.body;
        const identity = await existing(api, request.params.address);
        const proven = { publicKey: key, nonce, proof, subject: identity.address, issuer: api.issuerName() };
        await requireProof(api.nonces, proven, api.now());
        if (!(await speaksFor(identity, key))) {
          const detail = 'This key does not speak for the identity, or not any more.';
          throw new ProblemError(problemOf('bad-identity', { path: '/key', detail }));
        }
        return { events: await eventsFrom(api, identity, from) };
      },
    );

    app.get(
      '/identities/:address/events',
      {
        schema: {
          summary: 'What it takes to follow an identity, or all of its log for its user',
          security: [{ bearer: [] }, { service: [] }],
          params: ParamsSchema,
          querystring: Type.Object(
            { from: Type.Optional(Type.Integer({ minimum: 0 })) },
            { additionalProperties: false },
          ),
          response: { 200: IdentityEventsSchema },
        },
        onRequest: either(services(api), members(api)),
      },
      async (request) => {
        const identity = await existing(api, request.params.address);
        const { from = 0 } = request.query;
        if (isOwn(request, identity)) return { events: await eventsFrom(api, identity, from) };
        const shown: IdentityEvent[] = [...establishmentsOf(identity)];
        if (identity.revokedAt !== null) {
          const [last] = await eventsFrom(api, identity, identity.n);
          if (last?.op === 'revocation') shown.push(last);
        }
        return { events: shown.filter(({ n }) => n >= from) };
      },
    );
  };

/** Whether the session is of the identity's user, or an admin's, and its own identity leaves nothing out. */
const isOwn = (request: FastifyRequest, { userId }: Identity): boolean => {
  const member = memberOf(request);
  if (member?.kind !== 'user' || !grantsCover(leftBy(member.session), '/', '*')) return false;
  return member.user.id === userId || member.user.roles.includes('admin');
};

const speaksFor = async (identity: Identity, key: PublicKey): Promise<boolean> => {
  const { keys, next } = logOf(identity).established;
  return keys.some(({ x }) => x === key.x) || next.includes(await thumbprintOf(key));
};

const eventsFrom = async (api: Api, { address }: Identity, from: number): Promise<IdentityEvent[]> =>
  (await api.store.identities.events(address, from, eventsAtOnce)).map(keptEvent);

/** Each was checked before it was kept. */
const keptEvent = (text: string): IdentityEvent => {
  const event: unknown = JSON.parse(text);
  if (isIdentityEvent(event)) return event;
  throw new Error('The store holds an event of an unknown form.');
};
