import {
  AddressSchema,
  ApprovalsAskedSchema,
  epochMs,
  GrantSchema,
  JwsSchema,
  LabelsSchema,
  NameSchema,
  PublicKeySchema,
  ScopeSchema,
  type ResourceGuid,
  type Trigger,
} from '@cd-push/protocol';
import { isAddress } from '@cd-push/timeline';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import type { Change } from './authority.ts';
import type { Acting, Role, RuntimeRecord, Session } from './session.ts';

const ResourceGuidSchema = Type.Unsafe<ResourceGuid>(Type.String({ minLength: 1, maxLength: 128 }));

/** What the api answers, as far as the relay reads it. */
const RuntimeViewSchema = Type.Object({
  guid: ResourceGuidSchema,
  name: Type.String(),
  module: NameSchema,
  environment: NameSchema,
  labels: LabelsSchema,
  groups: Type.Array(Type.String()),
  approvals: ApprovalsAskedSchema,
  user: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
  /** Left out of a runtime that is connecting. */
  hasConnected: Type.Optional(Type.Boolean()),
});

const UserSchema = Type.Object({ id: Type.Integer(), guid: Type.String(), name: Type.String() });
const GrantsSchema = Type.Array(GrantSchema);

const IntrospectionSchema = Type.Union([
  Type.Object({ active: Type.Literal(false) }),
  Type.Object({
    active: Type.Literal(true),
    sub: Type.String(),
    exp: Type.Number(),
    tenant: NameSchema,
    sid: Type.String(),
    roles: Type.Array(Type.String()),
    grants: GrantsSchema,
    cnf: Type.Optional(Type.Object({ jwk: PublicKeySchema })),
    acting: Type.Optional(Type.Object({ identity: AddressSchema, scope: ScopeSchema })),
    user: Type.Optional(UserSchema),
    runtime: Type.Optional(RuntimeViewSchema),
  }),
]);

type ActiveAnswer = Extract<Static<typeof IntrospectionSchema>, { active: true }>;

const ChangeSchema = Type.Union([
  Type.Object({ kind: Type.Literal('session-revoked'), sid: Type.String(), reason: Type.String() }),
  Type.Object({ kind: Type.Literal('identity-revoked'), identity: AddressSchema }),
  Type.Object({ kind: Type.Literal('grants-changed'), userId: Type.Integer(), grants: GrantsSchema }),
  Type.Object({
    kind: Type.Literal('user-changed'),
    userId: Type.Integer(),
    roles: Type.Array(Type.String()),
    removed: Type.Boolean(),
  }),
  Type.Object({ kind: Type.Literal('subscriptions-changed') }),
  Type.Object({ kind: Type.Literal('runtimes-changed'), guid: ResourceGuidSchema }),
  Type.Object({ kind: Type.Literal('runtime-removed'), guid: ResourceGuidSchema }),
  Type.Object({ kind: Type.Literal('triggers-changed') }),
]);

export const certificateAnswer = Compile(
  Type.Object({
    certificate: JwsSchema,
    keys: Type.Array(PublicKeySchema, { minItems: 1 }),
    issuer: Type.String(),
    tenant: NameSchema,
  }),
);
export const introspectionAnswer = Compile(IntrospectionSchema);
export const runtimesAnswer = Compile(Type.Object({ runtimes: Type.Array(RuntimeViewSchema) }));
export const userAnswer = Compile(
  Type.Object({
    user: Type.Union([Type.Object({ roles: Type.Array(Type.String()), grants: GrantsSchema }), Type.Null()]),
  }),
);
export const accountsAnswer = Compile(Type.Object({ guids: Type.Array(Type.String()) }));
export const triggersAnswer = Compile(
  Type.Object({
    triggers: Type.Array(
      Type.Object({
        trigger: NameSchema,
        emits: NameSchema,
        carries: Type.Unsafe<Trigger['carries']>(Type.Enum(['patch', 'notice', 'operation', 'none'])),
      }),
    ),
  }),
);
export const revocationsAnswer = Compile(
  Type.Object({
    sessions: Type.Array(Type.Object({ sid: Type.String() })),
    identities: Type.Array(AddressSchema),
  }),
);
export const changeEvent = Compile(ChangeSchema);

export const runtimeOf = ({
  user,
  hasConnected,
  ...view
}: Static<typeof RuntimeViewSchema>): RuntimeRecord => ({
  ...view,
  user: user ?? null,
  hasConnected: hasConnected ?? true,
});

export const sessionOf = (answer: Static<typeof IntrospectionSchema>): Session | undefined => {
  if (!answer.active) return undefined;
  const { sid, sub, tenant, exp, user, runtime, grants } = answer;
  const roles = rolesOf(answer.roles);
  const common = { id: sid, subject: sub, tenant, roles, expiresAt: epochMs(exp * 1000) };
  if (runtime !== undefined)
    return { ...common, kind: 'runtime', runtime: runtimeOf(runtime), key: answer.cnf?.jwk };
  return user === undefined ? undefined : { ...common, kind: 'user', user, grants, acting: actingOf(answer) };
};

/** A session of an identity's names its key; what does not fit together speaks for nobody. */
const actingOf = ({ sid, cnf, acting }: ActiveAnswer): Acting | undefined => {
  if (cnf === undefined || acting === undefined) return undefined;
  const { identity, scope } = acting;
  return isAddress(identity) && isAddress(sid) ? { identity, session: sid, key: cnf.jwk, scope } : undefined;
};

/** What a change is to a relay; undefined where it is none. */
export const changeOf = (event: Static<typeof ChangeSchema>): Change | undefined => {
  switch (event.kind) {
    case 'session-revoked':
      return { kind: event.kind, session: event.sid, voidsSignatures: event.reason !== 'logout' };
    case 'identity-revoked':
      return { kind: 'session-revoked', session: event.identity, voidsSignatures: true };
    case 'grants-changed':
      return { kind: event.kind, user: event.userId, grants: event.grants };
    case 'user-changed':
      return { kind: event.kind, user: event.userId, roles: rolesOf(event.roles), removed: event.removed };
    case 'runtimes-changed':
    case 'runtime-removed':
      return { kind: event.kind, guid: event.guid };
    case 'subscriptions-changed':
      // Of each runtime whose groups change by it the feed tells by itself.
      return undefined;
    case 'triggers-changed':
      return { kind: event.kind };
    default:
      return event satisfies never;
  }
};

/**
 * Roles that this relay does not know give no right here. It is the same few lists over and over, once for each connection:
 * they share them.
 */
export const rolesOf = (names: readonly string[]): readonly Role[] => {
  const key = names.join(' ');
  const known = knownRoles.get(key);
  if (known !== undefined) return known;
  const roles = names.filter(isRole);
  if (roles.length === names.length) knownRoles.set(key, roles);
  return roles;
};

const knownRoles = new Map<string, readonly Role[]>();

const known: ReadonlySet<string> = new Set<Role>(['developer', 'runtime', 'observer', 'admin']);
const isRole = (name: string): name is Role => known.has(name);
