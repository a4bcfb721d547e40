import { isApiMetadata, ProblemError, problemOf } from '@cd-push/protocol';

import { CliError } from '../cli-error.ts';

/** Asks the api where its relay is. */
export const discoverRelay = async (apiUrl: string): Promise<string> => {
  const url = `${apiUrl}/.well-known/cd-push`;
  let found: unknown;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    found = response.ok ? await response.json() : undefined;
  } catch (error) {
    throw new ProblemError(problemOf('unavailable', { detail: `${url} cannot be reached.` }), {
      cause: error,
    });
  }
  if (isApiMetadata(found) && found.relayUrl !== undefined) return found.relayUrl;
  throw new CliError(`The api at ${apiUrl} does not say where its relay is.`, {
    next: 'Name it: relays: { remote: { apiUrl, relayUrl } } in cd-push.config.ts, or CD_PUSH_RELAY_URL.',
  });
};
