import type { EpochMs } from '@cd-push/protocol';
import type { Store } from '@cd-push/store';

import type { RefusedLogins } from './audit/refused-logins.ts';
import type { Certifier } from './identity/certificates.ts';
import type { Issuer } from './identity/issuer.ts';
import type { Nonces } from './identity/nonces.ts';
import type { Tokens } from './identity/tokens.ts';
import type { Settings } from './options.ts';
import type { ChangeWatch } from './server/change-watch.ts';
import type { RateGuards } from './server/rate-guards.ts';

/** What every route works with. */
export interface Api {
  readonly settings: Settings;
  readonly store: Store;
  readonly issuer: Issuer;
  readonly tokens: Tokens;
  readonly nonces: Nonces;
  readonly rates: RateGuards;
  readonly watch: ChangeWatch;
  readonly refusedLogins: RefusedLogins;
  /** Hash of a password that nobody has, to verify against where there is no user. */
  readonly decoyHash: string;
  /** Known once the server listens. */
  readonly issuerName: () => string;
  readonly certifier: () => Certifier;
  readonly now: () => EpochMs;
}
