import { isProblem, ProblemError, problemOf, type Problem, type ProblemKind } from '@cd-push/protocol';

import { pause, waitMsAfter, type Backoff } from '../backoff.ts';
import { problemFrom } from '../problem-from.ts';
import type { TokenSource } from '../session/access.ts';

/** A content at a relay, and whose rights count there. */
export interface ContentPlace {
  readonly relayUrl: string;
  /** Its token goes into a header, never into the address; one that is refused is renewed once. */
  readonly session: TokenSource;
  /** What names the content. */
  readonly digest: string;
  readonly signal?: AbortSignal | undefined;
}

export interface ContentExchange<Value> {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  readonly body?: Uint8Array<ArrayBuffer>;
  /** Milliseconds without a sign of life after which a try is given up. */
  readonly quietMs: number;
  /** Reads a good answer; calls `alive` with everything that arrives. */
  readonly read: (response: Response, alive: () => void) => Promise<Value>;
}

/** About 40 s. A relay that restarts is back by then; what is tried longer keeps waiting what has to come after it. */
const triesInAll = 10;
const backoff: Backoff = { firstMs: 250, lastMs: 8_000 };

/**
 * Asks a relay about a content, and again where that may help, after growing and jittered waits.
 *
 * @throws ProblemError the relay's problem, `unavailable`, `timeout`; the signal's reason.
 */
export const askForContent = async <Value>(
  place: ContentPlace,
  exchange: ContentExchange<Value>,
): Promise<Value> => {
  let refused: string | undefined;
  for (let tries = 1; ; tries += 1) {
    try {
      const { token } = await (refused === undefined ? place.session.access() : place.session.renew(refused));
      const answer = await tryOnce(place, exchange, token);
      if ('value' in answer) return answer.value;
      if (answer.problem.status !== 401 || refused !== undefined) throw new ProblemError(answer.problem);
      refused = token;
    } catch (error) {
      place.signal?.throwIfAborted();
      const problem = problemFrom(error);
      if (!problem.retryable || tries >= triesInAll) throw error;
      await pause(waitMsAfter(backoff, tries - 1, problem.retryAfter), place.signal);
    }
  }
};

const tryOnce = async <Value>(
  { relayUrl, digest, signal }: ContentPlace,
  { method, body, quietMs, read }: ContentExchange<Value>,
  token: string,
): Promise<{ readonly value: Value } | { readonly problem: Problem }> => {
  const url = new URL(`/contents/${digest}`, relayUrl);
  const quiet = new AbortController();
  const giveUp = (): ReturnType<typeof setTimeout> => setTimeout(() => quiet.abort(), quietMs);
  let timer = giveUp();
  const alive = (): void => {
    clearTimeout(timer);
    timer = giveUp();
  };
  try {
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${token}` },
      body: body ?? null,
      signal: signal === undefined ? quiet.signal : AbortSignal.any([signal, quiet.signal]),
      // The credential is the token; cookies of the page's origin have no part in it.
      credentials: 'omit',
      redirect: 'error',
    });
    alive();
    return response.ok ? { value: await read(response, alive) } : { problem: await problemIn(response, url) };
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    const problem = quiet.signal.aborted
      ? problemOf('timeout', { detail: `${url.origin} did not go on with ${digest}.` })
      : problemOf('unavailable', { detail: `${url.origin} cannot be reached for ${digest}.` });
    throw new ProblemError(problem, { cause: error });
  } finally {
    clearTimeout(timer);
  }
};

/** What the relay says of it; an answer to HEAD says nothing but its status. */
const problemIn = async (response: Response, url: URL): Promise<Problem> => {
  const said: unknown = await response.json().catch(() => undefined);
  if (isProblem(said)) return said;
  const detail = `${url.href} answered ${response.status}.`;
  return problemOf(kinds[response.status] ?? (response.status < 500 ? 'not-found' : 'unavailable'), {
    detail,
  });
};

const kinds: Readonly<Record<number, ProblemKind>> = { 401: 'unauthenticated', 429: 'rate-limited' };
