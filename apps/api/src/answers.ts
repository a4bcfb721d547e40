import {
  AddressSchema,
  ApprovalsAskedSchema,
  EpochMsSchema,
  GrantSchema,
  LabelsSchema,
  NameSchema,
  UserViewSchema,
  type ICdResponse,
  type PublicKey,
  type RuntimeView,
  type UserView,
} from '@cd-push/protocol';
import {
  userRoles,
  type JoinCode,
  type Runtime,
  type Subscription,
  type User,
  type UserRole,
} from '@cd-push/store';
import Type, { type Static } from 'typebox';

import type { Api } from './context.ts';
import { subjectOf } from './identity/callers.ts';

/**
 * A name that people read. Without control, direction and invisible characters, with which it could pass for another or
 * drive a terminal.
 */
export const DisplayNameSchema = Type.String({
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]{1,128}$',
});
const RoleSchema = Type.Unsafe<UserRole>(Type.Enum([...userRoles]));
export const RolesSchema = Type.Array(RoleSchema, { maxItems: userRoles.length });
export const GrantsSchema = Type.Array(GrantSchema, { maxItems: 256 });
/** A user as admins see it. */
export const UserRecordSchema = Type.Object({
  ...UserViewSchema.properties,
  grants: GrantsSchema,
  createdAt: EpochMsSchema,
});

export const JoinCodeViewSchema = Type.Object({
  id: Type.String(),
  module: NameSchema,
  environment: NameSchema,
  labels: LabelsSchema,
  groups: Type.Array(NameSchema),
  identities: Type.Union([Type.Array(AddressSchema), Type.Null()]),
  approvals: ApprovalsAskedSchema,
  usesLeft: Type.Integer(),
  createdBy: Type.Integer(),
  createdAt: EpochMsSchema,
  expiresAt: EpochMsSchema,
});

export const SubscriptionViewSchema = Type.Object({
  id: Type.Integer(),
  group: NameSchema,
  userId: Type.Optional(Type.Integer()),
  guid: Type.Optional(Type.String()),
  createdAt: EpochMsSchema,
});

export const userView = (api: Api, user: User): UserView => ({
  id: user.id,
  guid: user.guid,
  name: user.name,
  roles: [...user.roles],
  tenant: api.settings.tenant,
  subject: subjectOf(user),
});

export const userRecord = (api: Api, user: User): Static<typeof UserRecordSchema> => ({
  ...userView(api, user),
  grants: [...user.grants],
  createdAt: user.createdAt,
});

export const runtimeView = ({
  guid,
  name,
  module,
  environment,
  labels,
  groups,
  approvals,
  user,
}: Runtime): RuntimeView => ({
  guid,
  name,
  module,
  environment,
  labels,
  groups: [...groups],
  approvals,
  user,
});

export const joinCodeView = (code: JoinCode): Static<typeof JoinCodeViewSchema> => ({
  ...code,
  groups: [...code.groups],
  identities: code.identities === null ? null : [...code.identities],
});

export const subscriptionView = ({
  id,
  group,
  member,
  createdAt,
}: Subscription): Static<typeof SubscriptionViewSchema> => ({
  id,
  group,
  ...(member.kind === 'user' ? { userId: member.userId } : { guid: member.guid }),
  createdAt,
});

/** All of the issuer's public keys, the signing one first. */
export const issuerKeys = (api: Api): PublicKey[] =>
  [...api.issuer.keys.values()].map(({ publicKey }) => publicKey);

/** `app_state` of an answer that went well. */
export const success = <Session extends ICdResponse['app_state']['sess']>(
  sess: Session,
  message: string,
) => ({
  success: true as const,
  info: { messages: [message], code: null, app_msg: null },
  sess,
  cache: null,
  sConfig: { usePush: true, usePolling: false, useCacheStore: false },
});
