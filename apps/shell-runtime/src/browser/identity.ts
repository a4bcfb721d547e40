import { runtimeSession, type RuntimeIdentity, type RuntimeSession } from '@cd-push/client';
import { problemOf, ProblemError } from '@cd-push/protocol';
import { signingKeyOf, type TrustRoot } from '@cd-push/timeline';

import { onDemand } from '../on-demand.ts';
import { identityPlace, openIdentities } from './identity-database.ts';

export interface EnrolmentOptions {
  readonly apiUrl: string;
  /** What this page is part of. */
  readonly module: string;
  /** What this page is, where it was built for one environment: a credential of another is not taken. */
  readonly environment?: string | undefined;
  /** Needed for the first start in a browser profile. */
  readonly joinCode?: string | undefined;
  /** Whom to believe, where the app was shipped with it. */
  readonly trustRoot?: TrustRoot | undefined;
}

/**
 * Who this browser profile is to the issuer: one credential for all its tabs, with a key that no script can read. The
 * first tab trades the join code for it, while others that start at the same time wait.
 *
 * A join code may come from whoever made the link that was followed. It is good for the module and environment that its
 * maker may push to, so a page that says which ones it is does not let a lesser right in.
 *
 * @throws ProblemError what `enrol` throws; `internal` where what enrols cannot be loaded; `unauthenticated` without a
 * credential and without a join code; `forbidden` where the credential is for another module or environment than the page;
 * `bad-certificate` where it is of another issuer than the app was shipped with.
 */
export const enrolled = (options: EnrolmentOptions): Promise<RuntimeSession> => {
  const { apiUrl, module, joinCode, trustRoot } = options;
  const place = identityPlace(apiUrl, module);
  return navigator.locks.request(`cd-push:enrol:${place}`, async () => {
    const database = await openIdentities();
    try {
      const known = await database.transaction('identities').store.get(place);
      if (known !== undefined) {
        agree(known.identity, options);
        return runtimeSession(known.identity, await signingKeyOf(known.pair));
      }
      if (joinCode === undefined) {
        const detail = 'This browser is not enrolled yet: start the page with a join code once.';
        throw new ProblemError(problemOf('unauthenticated', { detail }));
      }
      const { enrolHere } = await onDemand(import('./enrol-here.ts'));
      const { identity, pair, key } = await enrolHere({ apiUrl, joinCode, trustRoot });
      agree(identity, options);
      const writing = database.transaction('identities', 'readwrite');
      await Promise.all([writing.store.put({ identity, pair }, place), writing.done]);
      return runtimeSession(identity, key);
    } finally {
      database.close();
    }
  });
};

const agree = (identity: RuntimeIdentity, { module, environment, trustRoot }: EnrolmentOptions): void => {
  if (identity.module !== module || (environment !== undefined && identity.environment !== environment)) {
    const page = environment === undefined ? module : `${module} (${environment})`;
    const detail = `The credential is for ${identity.module} (${identity.environment}), this page is ${page}.`;
    throw new ProblemError(problemOf('forbidden', { detail }));
  }
  const { issuer, tenant } = identity.trustRoot;
  if (trustRoot === undefined || (issuer === trustRoot.issuer && tenant === trustRoot.tenant)) return;
  const detail = `This browser is enrolled with ${issuer}, the app was shipped for ${trustRoot.issuer}.`;
  throw new ProblemError(problemOf('bad-certificate', { detail }));
};
