import type { AuditLog } from './audit-log.ts';
import type { ChangeFeed } from './changes.ts';
import type { IdentityStore } from './identities.ts';
import type { IssuerKeyStore } from './issuer-keys.ts';
import type { JoinCodeStore } from './join-codes.ts';
import type { NonceStore } from './nonces.ts';
import type { RuntimeStore } from './runtimes.ts';
import type { SessionStore } from './sessions.ts';
import type { SubscriptionStore } from './subscriptions.ts';
import type { TriggerStore } from './triggers.ts';
import type { UserStore } from './users.ts';

/** Everything that the api keeps. A promise that resolves has been written durably. */
export interface Store {
  readonly users: UserStore;
  readonly identities: IdentityStore;
  readonly sessions: SessionStore;
  readonly runtimes: RuntimeStore;
  readonly joinCodes: JoinCodeStore;
  readonly subscriptions: SubscriptionStore;
  readonly triggers: TriggerStore;
  readonly issuerKeys: IssuerKeyStore;
  readonly nonces: NonceStore;
  readonly changes: ChangeFeed;
  readonly audit: AuditLog;
  close(): Promise<void>;
}

/** Why a store could not be opened; the message says what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly kind: 'in-use' | 'newer-schema' | 'not-a-store' | 'damaged' | 'unreachable';

  constructor(kind: StoreError['kind'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
