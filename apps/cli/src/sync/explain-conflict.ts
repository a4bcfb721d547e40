import type { FileVersion, Problem } from '@cd-push/protocol';

import { shownTime } from '../history/shown-time.ts';
import { explainProblem } from '../talk/explain.ts';
import type { Line } from './line.ts';
import { shortGuid } from './short-ids.ts';

export interface ExplainedRefusal {
  readonly sentence: string;
  readonly next: string | undefined;
}

/** How long the relay may take to say who it was. */
const answerWithinMs = 2_000;

/**
 * A conflict, with who pushed what is in place and what can be done about it: above all where it was rolled back, since
 * then what was taken back may still be on this machine's disk. Anything else, and what nobody can tell of, as ever.
 */
export const explainConflict = async (
  { connection, session }: Pick<Line, 'connection' | 'session'>,
  environment: string,
  problem: Problem,
): Promise<ExplainedRefusal> => {
  const { kind, resource, current } = problem;
  const plain = explainProblem(problem);
  if (kind !== 'conflict' || resource === undefined || current === undefined) return plain;
  try {
    const { versions } = await connection.request(
      'get-history',
      { environment, resource, limit: 1 },
      { signal: AbortSignal.timeout(answerWithinMs) },
    );
    const [inPlace] = versions;
    return inPlace?.version === current.version
      ? { sentence: `conflict: ${sentenceOf(inPlace, session.account.user)}`, next: nextOf(resource) }
      : plain;
  } catch {
    // It is known all the same that there is a conflict.
    return plain;
  }
};

const sentenceOf = (
  { resource, restores, signer, acceptedAt, pushGuid }: FileVersion,
  user: { readonly subject: string; readonly name: string },
): string => {
  const now = Date.now();
  const who = signer === user.subject ? user.name : signer;
  const when = `at ${shownTime(acceptedAt, now)}, push ${shortGuid(pushGuid)}`;
  if (restores === undefined) return `${who} pushed ${resource} first, ${when}.`;
  const to = restores === 0 ? 'before its first version' : `the version of ${shownTime(restores, now)}`;
  return `${who} rolled ${resource} back to ${to}, ${when}. What is here was made upon what was taken back.`;
};

const nextOf = (resource: string): string =>
  `See what yours would change: cd-cli diff ${resource} --to disk\nTo push it all the same, save or push it again: it goes upon what is in place now.`;
