import {
  AddressSchema,
  DelegationSchema,
  EstablishmentSchema,
  limits,
  ProblemError,
  problemOf,
  PublicKeySchema,
  type Delegation,
  type Establishment,
  type Grant,
  type IdentityClaim,
  type IdentityEvent,
  type IdentityView,
  type Scope,
} from '@cd-push/protocol';
import type { Evolution, Identity, Session } from '@cd-push/store';
import { advanceAll, canonicalText, type Address, type IdentityState } from '@cd-push/timeline';
import Type from 'typebox';
import { Check } from 'typebox/value';

import type { Api } from '../context.ts';

/** What the next event of a log is judged by, and what receivers are shown of it with each certificate. */
interface KeptLog {
  readonly log: IdentityState;
  /** Inception and rotations, oldest first. */
  readonly establishments: readonly Establishment[];
}

const KnownAddressSchema = Type.Unsafe<Address>(AddressSchema);
const KeptLogSchema = Type.Object({
  log: Type.Object({
    identity: KnownAddressSchema,
    n: Type.Integer(),
    tip: KnownAddressSchema,
    established: Type.Object({
      address: KnownAddressSchema,
      n: Type.Integer(),
      keys: Type.Array(PublicKeySchema),
      threshold: Type.Integer(),
      next: Type.Array(Type.String()),
      nextThreshold: Type.Integer(),
    }),
    isRevoked: Type.Boolean(),
  }),
  establishments: Type.Array(EstablishmentSchema),
});

/** Events after the check of each, ready to be kept. */
export interface Evolved extends Evolution, KeptLog {}

type Events = readonly [IdentityEvent, ...IdentityEvent[]];

/** @throws {ProblemError} `bad-identity` where there is no event. */
export const listed = (events: readonly IdentityEvent[] = []): Events => {
  const [first, ...others] = events;
  if (first !== undefined) return [first, ...others];
  const detail = 'This identity is not registered here, and its inception was not sent.';
  throw new ProblemError(problemOf('bad-identity', { path: '/events', detail }));
};

/**
 * Verifies events that follow what is kept of an identity, or that begin one.
 *
 * @throws {ProblemError} `bad-identity`, `identity-revoked`, with the place among the events; `too-large` for a rotation
 * beyond those that a certificate can show.
 */
export const evolve = async (before: Identity | undefined, events: Events): Promise<Evolved> => {
  const known = before && keptLogOf(before);
  const advanced = await advanceAll(known?.log, events);
  if (!advanced.ok) {
    const { problem } = advanced;
    throw new ProblemError({ ...problem, path: `/events${problem.path ?? ''}` });
  }
  const log = advanced.value;
  // One that stands twice changes nothing the second time, and would take the place of another when they are numbered.
  if (log.n - (known?.log.n ?? -1) !== events.length) throw repeated();
  const establishments = [...(known?.establishments ?? []), ...events.filter(isEstablishment)];
  if (establishments.length > limits.delegationEvents) throw rotatedOut();
  const state: KeptLog = { log, establishments };
  return {
    events: events.map(canonicalText),
    tip: log.tip,
    n: log.n,
    state: JSON.stringify(state),
    log,
    establishments,
  };
};

/** How a certificate shows what an identity has claimed. */
export const delegationOf = (evolved: Evolved, claim: IdentityClaim): Delegation => ({
  establishments: [...evolved.establishments],
  claim,
});

/** What the identity behind a session has claimed for it; undefined for a session of an existing client. */
export const delegationIn = ({ acting }: Session): Delegation | undefined => {
  if (acting === null) return undefined;
  const delegation: unknown = JSON.parse(acting.delegation);
  if (!Check(DelegationSchema, delegation))
    throw new Error('The store holds a delegation of an unknown form.');
  return delegation;
};

export const scopeOf = (session: Session): Scope | undefined => delegationIn(session)?.claim.scope;

const everywhere: readonly Grant[] = [{ prefix: '/', environments: ['*'] }];

/** Within which a session's identity lets it do whatever it may do at all. */
export const leftBy = (session: Session): readonly Grant[] => scopeOf(session)?.grants ?? everywhere;

export const identityView = ({ address, tip, n, registeredAt, revokedAt }: Identity): IdentityView => ({
  identity: address,
  tip,
  n,
  registeredAt,
  revokedAt,
});

/** To somebody who followed another tip: they read on from where they stand, and try again. */
export const tipMoved = (): ProblemError =>
  new ProblemError(
    problemOf('tip-moved', {
      path: '/from',
      detail: 'The identity’s log goes on otherwise. Read its events, and follow the latest one.',
    }),
  );

const repeated = (): ProblemError =>
  new ProblemError(problemOf('bad-identity', { path: '/events', detail: 'One of the events stands twice.' }));

const rotatedOut = (): ProblemError => {
  const detail = `An identity has its keys rotated ${limits.delegationEvents - 1} times at most. Make another one.`;
  return new ProblemError(problemOf('too-large', { path: '/events', detail }));
};

export const ended = (): ProblemError => new ProblemError(problemOf('identity-revoked'));

/** How far the log of an identity goes. */
export const logOf = (identity: Identity | undefined): IdentityState => {
  if (identity === undefined) throw new Error('There is no log of an identity that is not known.');
  return keptLogOf(identity).log;
};

/** Inception and rotations of an identity, oldest first. */
export const establishmentsOf = (identity: Identity): readonly Establishment[] =>
  keptLogOf(identity).establishments;

/** @throws {ProblemError} `not-found` */
export const existing = async ({ store }: Pick<Api, 'store'>, address: string): Promise<Identity> => {
  const identity = await store.identities.get(address);
  if (identity !== undefined) return identity;
  throw new ProblemError(
    problemOf('not-found', { detail: 'This identity is not registered here. Sign in: cd-cli login' }),
  );
};

const keptLogOf = ({ state }: Identity): KeptLog => {
  const kept: unknown = JSON.parse(state);
  if (!Check(KeptLogSchema, kept)) throw new Error('The store holds a log’s state of an unknown form.');
  return kept;
};

const isEstablishment = (event: IdentityEvent): event is Establishment =>
  event.op === 'inception' || event.op === 'rotation';
