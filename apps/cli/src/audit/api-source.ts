import { isGetAuditAnswer, isProblem, ProblemError, problemOf, type GetAuditAnswer } from '@cd-push/protocol';

import type { Line } from '../sync/line.ts';
import type { AuditSource } from './audit-source.ts';

/** The api's own audit: who signed in, and what was taken back. */
export const apiSource = ({ apiUrl, session }: Line, signal: AbortSignal): AuditSource => ({
  name: 'api',
  page: async (after) => {
    const url = new URL(`${apiUrl}/audit`);
    if (after !== undefined) {
      url.searchParams.set('node', after.node);
      url.searchParams.set('sequence', String(after.sequence));
    }
    const { token } = await session.access();
    return ask(url, token, signal);
  },
});

const ask = async (url: URL, token: string, signal: AbortSignal): Promise<GetAuditAnswer> => {
  let answer: unknown;
  try {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal });
    answer = await response.json();
  } catch (error) {
    throw new ProblemError(problemOf('unavailable', { detail: `${url.origin} cannot be reached.` }), {
      cause: error,
    });
  }
  if (isGetAuditAnswer(answer)) return answer;
  throw new ProblemError(
    isProblem(answer)
      ? answer
      : problemOf('unsupported-version', {
          detail: 'The api’s answer about its audit is not understood here.',
        }),
  );
};
