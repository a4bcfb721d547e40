import {
  GrantSchema,
  LabelsSchema,
  type Grant,
  type Labels,
  type PublicKey,
  type Trigger,
} from '@cd-push/protocol';
import Type, { type Static, type TSchema } from 'typebox';
import { Check } from 'typebox/value';

import type { Change } from '../ports/changes.ts';
import type { RevocationReason } from '../ports/sessions.ts';
import { userRoles, type UserRole } from '../ports/users.ts';

const decode = <Schema extends TSchema>(schema: Schema, text: string, column: string): Static<Schema> => {
  const value: unknown = JSON.parse(text);
  if (!Check(schema, value))
    throw new Error(`The store's column ${column} holds something else than was ever written there.`);
  return value;
};

const TextsSchema = Type.Array(Type.String());
const EnvironmentsSchema = GrantSchema.properties.environments;
const RoleSchema = Type.Unsafe<UserRole>(Type.Enum([...userRoles]));
const RolesSchema = Type.Array(RoleSchema);
const ReasonSchema = Type.Unsafe<RevocationReason>(
  Type.Enum(['logout', 'user-removed', 'withdrawn', 'identity-revoked']),
);
const CarriesSchema = Type.Unsafe<Trigger['carries']>(Type.Enum(['patch', 'notice', 'operation', 'none']));
const ChangeSchema = Type.Union([
  Type.Object({ kind: Type.Literal('session-revoked'), sid: Type.String(), reason: ReasonSchema }),
  Type.Object({ kind: Type.Literal('identity-revoked'), identity: Type.String() }),
  Type.Object({
    kind: Type.Literal('grants-changed'),
    userId: Type.Integer(),
    grants: Type.Array(GrantSchema),
  }),
  Type.Object({ kind: Type.Literal('subscriptions-changed'), userId: Type.Integer(), groups: TextsSchema }),
  Type.Object({
    kind: Type.Literal('user-changed'),
    userId: Type.Integer(),
    roles: RolesSchema,
    removed: Type.Boolean(),
  }),
  Type.Object({ kind: Type.Literal('runtimes-changed'), guid: Type.String() }),
  Type.Object({ kind: Type.Literal('runtime-removed'), guid: Type.String() }),
  Type.Object({ kind: Type.Literal('triggers-changed') }),
]);

export const readTexts = (text: string, column: string): string[] => decode(TextsSchema, text, column);
export const readLabels = (text: string): Labels => decode(LabelsSchema, text, 'labels');
export const readRoles = (text: string): UserRole[] => decode(RolesSchema, text, 'users.roles');
export const readChange = (text: string): Change => decode(ChangeSchema, text, 'changes.change');

export const readGrant = (row: { prefix: string; environments: string }): Grant => ({
  prefix: row.prefix,
  environments: decode(EnvironmentsSchema, row.environments, 'grants.environments'),
});

export const readReason = (text: string): RevocationReason => {
  if (!Check(ReasonSchema, text)) throw new Error(`The store knows no reason "${text}" to end a session.`);
  return text;
};

export const readCarries = (text: string): Trigger['carries'] => {
  if (!Check(CarriesSchema, text)) throw new Error(`The store knows no trigger that carries "${text}".`);
  return text;
};

export const readPublicKey = (x: string): PublicKey => ({ kty: 'OKP', crv: 'Ed25519', x });
