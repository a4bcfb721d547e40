import {
  AddressSchema,
  NameSchema,
  PublicKeySchema,
  RuntimeViewSchema,
  ScopeSchema,
} from '@cd-push/protocol';
import Type, { type Static } from 'typebox';

import { GrantsSchema, runtimeView } from '../answers.ts';
import type { Api } from '../context.ts';
import { clientKindOf, type Caller } from './callers.ts';
import { grantsIn } from './open-session.ts';
import { scopeOf } from './registrar.ts';
import { ClientKindSchema } from './tokens.ts';

/** What introspection tells of a token that holds. */
export const ActiveTokenSchema = Type.Object({
  active: Type.Literal(true),
  sub: Type.String(),
  iss: Type.String(),
  aud: Type.String(),
  exp: Type.Integer(),
  iat: Type.Integer(),
  jti: Type.String(),
  client: ClientKindSchema,
  tenant: NameSchema,
  /** The session's initUuid, or the resourceGuid of a runtime. */
  sid: Type.String(),
  roles: Type.Array(Type.String()),
  cnf: Type.Optional(Type.Object({ jwk: PublicKeySchema })),
  grants: GrantsSchema,
  /** Whom a person's session speaks for, and what that identity lets it do; absent of existing clients. */
  acting: Type.Optional(Type.Object({ identity: AddressSchema, scope: ScopeSchema })),
  user: Type.Optional(Type.Object({ id: Type.Integer(), guid: Type.String(), name: Type.String() })),
  runtime: Type.Optional(RuntimeViewSchema),
  /** Groups that the user or the runtime is in. */
  subscriptions: Type.Array(NameSchema),
});
export type ActiveToken = Static<typeof ActiveTokenSchema>;

/** Roles, grants and groups come from the store as of now, not from the token. */
export const activeToken = async (api: Api, caller: Caller): Promise<ActiveToken> => {
  const { claims } = caller;
  if (caller.kind === 'runtime') {
    const runtime = runtimeView(caller.runtime);
    return { active: true, ...claims, grants: [], runtime, subscriptions: runtime.groups };
  }
  const { id, guid, name, roles } = caller.user;
  const { acting } = caller.session;
  const scope = scopeOf(caller.session);
  return {
    active: true,
    ...claims,
    roles: [...roles],
    client: clientKindOf(caller.user),
    grants: grantsIn(caller.session, caller.user),
    ...(acting === null || scope === undefined ? {} : { acting: { identity: acting.identity, scope } }),
    user: { id, guid, name },
    subscriptions: await api.store.subscriptions.groupsOf({ kind: 'user', userId: id }),
  };
};
