import type { RuntimeSession } from '@cd-push/client';

import { enrolled, type EnrolmentOptions } from './identity.ts';

/**
 * Who this page's runtime is, for whatever else it asks of a relay than to be pushed to: with `pullHistory` of the client it has
 * the history of what it runs.
 *
 * @throws ProblemError `unauthenticated` where this browser is not enrolled; `forbidden`, `bad-certificate` where it is as
 * something else than the page.
 */
export const pageSession = (options: Omit<EnrolmentOptions, 'joinCode'>): Promise<RuntimeSession> =>
  enrolled(options);
