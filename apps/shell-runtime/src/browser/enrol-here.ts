import { enrol, type RuntimeIdentity } from '@cd-push/client';
import { generateKeptPair, signingKeyOf, type SigningKey, type TrustRoot } from '@cd-push/timeline';

import { browserName } from './browser-name.ts';

/** A new credential, and the key that no script can read with what signs by it. */
export interface Enrolled {
  readonly identity: RuntimeIdentity;
  readonly pair: CryptoKeyPair;
  readonly key: SigningKey;
}

/** Trades a join code for a credential of this browser profile: at its first visit, and never again. */
export const enrolHere = async ({
  apiUrl,
  joinCode,
  trustRoot,
}: {
  readonly apiUrl: string;
  readonly joinCode: string;
  readonly trustRoot: TrustRoot | undefined;
}): Promise<Enrolled> => {
  const pair = await generateKeptPair();
  const key = await signingKeyOf(pair);
  const name = browserName(navigator.userAgent);
  const trusted = trustRoot === undefined ? {} : { trustRoot };
  return { identity: await enrol({ apiUrl, joinCode, key, name, ...trusted }), pair, key };
};
