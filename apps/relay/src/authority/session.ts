import {
  grantsCover,
  grantsRule,
  grantsTouch,
  type Addressee,
  type EpochMs,
  type Grant,
  type Labels,
  type PublicKey,
  type ResourceGuid,
  type Scope,
  type Verb,
} from '@cd-push/protocol';
import { intersectGrants, type Address } from '@cd-push/timeline';

export type Role = 'developer' | 'runtime' | 'observer' | 'admin';

/** A runtime as the api knows it. */
export interface RuntimeRecord extends Addressee {
  readonly guid: ResourceGuid;
  readonly name: string;
  readonly labels: Labels;
  /** How many other people have to approve of what is pushed to it. */
  readonly approvals: number;
  /** Whether it ever connected. A credential that only enrolled may have no program behind it. */
  readonly hasConnected: boolean;
}

interface CommonMembers {
  /** The session's `initUuid`; joins pushes to a session without giving access. */
  readonly id: string;
  readonly subject: string;
  readonly tenant: string;
  readonly roles: readonly Role[];
  readonly expiresAt: EpochMs;
}

/** Whom a person's session speaks for, proven by that identity's own keys at the api, and what it may. */
export interface Acting {
  /** Address of the identity's inception. */
  readonly identity: Address;
  /** Address of the session's first frame; the session's id. */
  readonly session: Address;
  readonly key: PublicKey;
  readonly scope: Scope;
}

/** A person, or a program that acts for one. */
export interface UserSession extends CommonMembers {
  readonly kind: 'user';
  readonly user: { readonly id: number; readonly guid: string; readonly name: string };
  /** As far as the identity lets this session use them. */
  readonly grants: readonly Grant[];
  /** Undefined for an existing client, which signs nothing. */
  readonly acting: Acting | undefined;
}

/** A runtime by its own credential; it receives and acknowledges, and reads the history of what it runs. */
export interface RuntimeSession extends CommonMembers {
  readonly kind: 'runtime';
  readonly runtime: RuntimeRecord;
  /** With which it has enrolled; undefined where the api does not tell. */
  readonly key: PublicKey | undefined;
}

/** Whom a person's session has to prove that it speaks for. */
export const authorityOf = ({ identity: principal, session, key, scope }: Acting) => ({
  principal,
  session,
  key,
  scope,
});

/** Who is on a connection, as the api vouches for it. */
export type Session = UserSession | RuntimeSession;

export const mayPushAtAll = (session: Session): session is UserSession =>
  session.kind === 'user' && (session.roles.includes('developer') || session.roles.includes('admin'));

export const mayQuery = (session: Session): session is UserSession =>
  session.kind === 'user' && session.roles.some((role) => role !== 'runtime');

/** Whether a session's identity lets it do this; an existing client may what needs no identity. */
export const mayDo = ({ acting }: UserSession, verb: Verb): boolean =>
  acting?.scope.verbs.includes(verb) ?? false;

/** A user's grants as far as the session may use them. */
export const withGrants = (session: UserSession, grants: readonly Grant[]): UserSession => ({
  ...session,
  grants: session.acting === undefined ? [] : intersectGrants(grants, session.acting.scope.grants),
});

/** Whose rate a session's messages count for: a person has a session for each connection, and one identity. */
export const payerOf = (session: Session): string =>
  session.kind === 'user' ? (session.acting?.identity ?? session.id) : session.id;

const everywhere: readonly Grant[] = [{ prefix: '/', environments: ['*'] }];

/** Within which a session's identity lets it do whatever it may do at all. */
export const leftBy = ({ acting }: UserSession): readonly Grant[] => acting?.scope.grants ?? everywhere;

/** Admins and observers see all of their tenant, but an admin pushes by grants as everyone. */
const watches = ({ roles }: UserSession): boolean => roles.includes('admin') || roles.includes('observer');

const seenBy = (session: UserSession): readonly Grant[] =>
  watches(session) ? leftBy(session) : session.grants;

const isWhole = (grants: readonly Grant[]): boolean => grantsCover(grants, '/', '*');

/** Whether a session sees whatever its tenant does: nothing of it is left out by its identity. */
export const seesAll = (session: UserSession): boolean => watches(session) && isWhole(leftBy(session));

/** Whether a session may know of a file in this environment. */
export const seesFile = (session: UserSession, resource: string, environment: string): boolean =>
  grantsCover(seenBy(session), resource, environment);

/** Whether a session may know of a runtime. */
export const seesRuntime = (session: UserSession, { module, environment }: RuntimeRecord): boolean =>
  grantsTouch(seenBy(session), module, environment);

/** Whether a session administers its tenant: nothing of it is left out by its identity. */
export const administers = (session: UserSession): boolean =>
  session.roles.includes('admin') && isWhole(leftBy(session));

/** Whether one of the session's grants covers the resource in this environment. */
export const grantsPush = (session: UserSession, resource: string, environment: string): boolean =>
  grantsCover(session.grants, resource, environment);

/** Whether a session may address a runtime at all: one of its grants lies in the runtime's module and environment. */
export const reaches = ({ grants }: UserSession, { module, environment }: RuntimeRecord): boolean =>
  grantsTouch(grants, module, environment);

/** Whether a session may run operations in a runtime. */
export const rules = (
  { grants }: Pick<UserSession, 'grants'>,
  { module, environment }: RuntimeRecord,
): boolean => grantsRule(grants, module, environment);
