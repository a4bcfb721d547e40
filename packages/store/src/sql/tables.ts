import type { Generated } from 'kysely';

/** The tables as they stand after all migrations. Times are milliseconds since the epoch; lists and records are JSON. */
export interface Tables {
  users: {
    id: Generated<number>;
    guid: string;
    name: string;
    /** What the name is looked up by. */
    name_key: string;
    password_hash: string;
    roles: string;
    created_at: number;
  };
  grants: { user_id: number; prefix: string; environments: string };
  identities: {
    address: string;
    user_id: number;
    tip: string;
    n: number;
    state: string;
    registered_at: number;
    revoked_at: number | null;
  };
  identity_events: { identity: string; n: number; event: string };
  sessions: {
    id: string;
    user_id: number;
    client_id: string | null;
    /** Member `x` of the Ed25519 JWK. */
    public_key: string | null;
    identity: string | null;
    delegation: string | null;
    created_at: number;
    expires_at: number;
    revoked_at: number | null;
    revoked_reason: string | null;
  };
  legacy_tokens: { hash: string; session_id: string; expires_at: number };
  join_codes: {
    id: string;
    hash: string;
    module: string;
    environment: string;
    labels: string;
    groups: string;
    identities: string | null;
    approvals: number;
    uses_left: number;
    created_by: number;
    created_at: number;
    expires_at: number;
  };
  runtimes: {
    guid: string;
    name: string;
    module: string;
    environment: string;
    labels: string;
    approvals: number;
    public_key: string;
    user_id: number | null;
    created_at: number;
    connected_at: number | null;
  };
  subscriptions: {
    id: Generated<number>;
    group_name: string;
    user_id: number | null;
    runtime_guid: string | null;
    created_at: number;
  };
  triggers: { trigger: string; emits: string; carries: string };
  issuer_keys: {
    kid: string;
    x: string;
    d: string;
    created_at: number;
    /** 1 for the key that was added as the first, so that there can be only one. */
    first: number | null;
  };
  /** One row at most. */
  issuer_name: { id: number; name: string };
  spent_nonces: { nonce: string; expires_at: number };
  changes: { sequence: Generated<number>; at: number; change: string };
}
