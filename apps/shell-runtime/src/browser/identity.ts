import { enrol, runtimeSession, type RuntimeSession } from '@cd-push/client';
import { problemOf, ProblemError } from '@cd-push/protocol';
import { generateKeptPair, signingKeyOf, type TrustRoot } from '@cd-push/timeline';

import { browserName } from './browser-name.ts';
import { openIdentities } from './identity-database.ts';

export interface EnrolmentOptions {
  readonly apiUrl: string;
  /** Needed for the first start in a browser profile. */
  readonly joinCode?: string | undefined;
  /** Whom to believe, where the app was shipped with it. */
  readonly trustRoot?: TrustRoot | undefined;
}

/**
 * Who this browser profile is to the issuer: one credential for all its tabs, with a key that no script can read. The
 * first tab trades the join code for it, while others that start at the same time wait.
 *
 * @throws ProblemError what `enrol` throws; `unauthenticated` without a credential and without a join code;
 * `bad-certificate` where the credential is of another issuer than the app was shipped with.
 */
export const enrolled = ({ apiUrl, joinCode, trustRoot }: EnrolmentOptions): Promise<RuntimeSession> =>
  navigator.locks.request(`cd-push:enrol:${apiUrl}`, async () => {
    const database = await openIdentities();
    try {
      const known = await database.get('identities', apiUrl);
      if (known !== undefined) {
        if (trustRoot !== undefined) agree(known.identity.trustRoot, trustRoot);
        return runtimeSession(known.identity, await signingKeyOf(known.pair));
      }
      if (joinCode === undefined) {
        const detail = 'This browser is not enrolled yet: start the page with a join code once.';
        throw new ProblemError(problemOf('unauthenticated', { detail }));
      }
      const pair = await generateKeptPair();
      const key = await signingKeyOf(pair);
      const name = browserName(navigator.userAgent);
      const identity = await enrol({
        apiUrl,
        joinCode,
        key,
        name,
        ...(trustRoot === undefined ? {} : { trustRoot }),
      });
      await database.put('identities', { identity, pair }, apiUrl);
      return runtimeSession(identity, key);
    } finally {
      database.close();
    }
  });

const agree = (kept: TrustRoot, shipped: TrustRoot): void => {
  if (kept.issuer === shipped.issuer && kept.tenant === shipped.tenant) return;
  const detail = `This browser is enrolled with ${kept.issuer}, the app was shipped for ${shipped.issuer}.`;
  throw new ProblemError(problemOf('bad-certificate', { detail }));
};
