import { runtimeSession, type RuntimeSession } from '@cd-push/client';

import { keptIdentity } from './state/identity.ts';

/**
 * Who the Node runtime is that keeps its state in a folder, for whatever else it asks of a relay than to be pushed to: with
 * `pullHistory` of the client it has the history of what it runs.
 *
 * @param dir the runtime's state folder.
 * @throws ProblemError `unauthenticated` where nobody is enrolled there.
 */
export const serviceSession = async (dir: string, apiUrl: string): Promise<RuntimeSession> => {
  const { identity, key } = await keptIdentity(dir, { apiUrl, joinCode: undefined, name: undefined });
  return runtimeSession(identity, key);
};
