import { isProblem, ProblemError, problemOf } from '@cd-push/protocol';

export interface HttpRequest {
  readonly apiUrl: string;
  /** Path below the api's URL, with its leading slash. */
  readonly path: string;
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: object;
  /** Access token, sent as a bearer. */
  readonly token?: string;
  readonly signal?: AbortSignal | undefined;
}

/** How long an answer of the api may take; nothing that it does is slower than hashing one password. */
const answerWithinMs = 15_000;

/**
 * Asks the api and gives its decoded JSON.
 *
 * @throws ProblemError with the api's own problem, or `unavailable` where no api answered, or `timeout`.
 */
export const request = async ({
  apiUrl,
  path,
  method = 'POST',
  body,
  token,
  signal,
}: HttpRequest): Promise<unknown> => {
  const url = `${apiUrl.replace(/\/$/, '')}${path}`;
  const headers = new Headers({ accept: 'application/json, application/problem+json' });
  if (body !== undefined) headers.set('content-type', 'application/json');
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  const limit = AbortSignal.timeout(answerWithinMs);
  let response: Response;
  let value: unknown;
  try {
    response = await fetch(url, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      // The credential is the token; cookies of the page's origin have no part in it.
      credentials: 'omit',
      redirect: 'error',
    });
    const text = await response.text();
    value = text === '' ? undefined : decode(text);
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ProblemError(
      limit.aborted
        ? problemOf('timeout', { detail: `${url} did not answer within ${answerWithinMs / 1000} s.` })
        : problemOf('unavailable', {
            detail: `${url} cannot be reached. Is the api running, and is the address right?`,
          }),
      { cause: error },
    );
  }
  if (response.ok) return value;
  if (isProblem(value)) throw new ProblemError(value);
  throw new ProblemError(
    problemOf(response.status >= 500 ? 'unavailable' : 'invalid-request', {
      detail: `${url} answered ${response.status} without a problem object; it may not be a cd-push api.`,
    }),
  );
};

const decode = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
