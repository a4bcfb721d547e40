import { ProblemError } from '@cd-push/protocol';

import { pause } from '../backoff.ts';
import type { RequestEvent, Requests } from './answers.ts';
import type { Connection } from './connection.ts';

/**
 * Asks a relay that has read much for this session already: it is given the time that it asks for.
 *
 * @throws ProblemError why there is no answer; the signal's reason.
 */
export const askPatiently = async <Event extends RequestEvent>(
  connection: Pick<Connection, 'request'>,
  event: Event,
  query: Requests[Event]['payload'],
  options: { readonly signal?: AbortSignal } = {},
): Promise<Requests[Event]['value']> => {
  for (;;) {
    try {
      return await connection.request(event, query, options);
    } catch (error) {
      const waits = error instanceof ProblemError && error.problem.kind === 'rate-limited';
      const { retryAfter } = waits ? error.problem : {};
      if (retryAfter === undefined) throw error;
      await pause(retryAfter * 1000, options.signal);
    }
  }
};
