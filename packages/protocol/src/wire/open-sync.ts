import Type, { type Static } from 'typebox';

import { AddressSchema, JwsSchema, NameSchema } from './scalars.ts';
import { PublicKeySchema } from './public-key.ts';
import { ScopeSchema } from './scope.ts';
import { SessionGenesisSchema } from './session-frame.ts';

/**
 * How a runtime stands behind a session: payload of a JWS whose `typ` is `cd-push-delegation+jws`, signed by the key that it
 * has enrolled with. What a person's identity says in a claim, its credential says here.
 */
export const RuntimeDelegationSchema = Type.Object(
  {
    v: Type.Literal(1),
    /** Guid of the credential. */
    runtime: Type.String({ minLength: 1, maxLength: 128 }),
    tenant: NameSchema,
    /** Address of the session's first frame. */
    session: AddressSchema,
    /** The session's own. */
    key: PublicKeySchema,
    scope: ScopeSchema,
  },
  { additionalProperties: false },
);
export type RuntimeDelegation = Static<typeof RuntimeDelegationSchema>;

/**
 * Runtime → relay: a session to synchronise by, on a connection that is open. It is answered like a person's connection, with
 * what has to be revealed (`ConnectChallenge`), and proven by `connect-proof`.
 */
export const OpenSyncSchema = Type.Object({ genesis: SessionGenesisSchema, delegation: JwsSchema });
export type OpenSync = Static<typeof OpenSyncSchema>;
