import Type, { type Static } from 'typebox';

import { GrantSchema } from './grant.ts';
import { EpochMsSchema } from './scalars.ts';

/**
 * What a session may do: answer a relay's challenge, take part in a synchronisation, push new content, push old content
 * again, change what others rely on (policies, names), end sessions and identities. Each is a capability of its own.
 */
export const VerbSchema = Type.Enum(['connect', 'sync', 'push', 'rollback', 'manage', 'revoke']);
export type Verb = Static<typeof VerbSchema>;

/**
 * What an identity lets a session do: each of the verbs within each of the grants, until a time. It narrows what the
 * issuer grants to the user, and never widens it.
 */
export const ScopeSchema = Type.Object(
  {
    verbs: Type.Array(VerbSchema, { minItems: 1, maxItems: 16 }),
    grants: Type.Array(GrantSchema, { maxItems: 256 }),
    expiresAt: EpochMsSchema,
  },
  { additionalProperties: false },
);
export type Scope = Static<typeof ScopeSchema>;
