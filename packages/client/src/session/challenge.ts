import { isChallenge, ProblemError, problemOf, type Challenge } from '@cd-push/protocol';
import { signProof, type SigningKey } from '@cd-push/timeline';

import { readAnswer } from '../http/read-answer.ts';
import { request } from '../http/request.ts';

/** The api's one-time nonce, and this key's signature over it for one subject. */
export interface AnsweredChallenge {
  readonly nonce: string;
  readonly issuer: string;
  readonly proof: string;
}

/**
 * Fetches a nonce and signs it.
 *
 * @param subject identity, session, join code or credential that the proof is for.
 */
export const answerChallenge = async (
  apiUrl: string,
  subject: string,
  key: SigningKey,
  signal?: AbortSignal,
): Promise<AnsweredChallenge> => {
  const { nonce, issuer } = await askChallenge(apiUrl, undefined, signal);
  return { nonce, issuer, proof: await signProof({ nonce, issuer, subject }, key) };
};

/**
 * Fetches a nonce.
 *
 * @param expected the issuer's name, where it is known: for another one nothing is to be signed.
 * @throws ProblemError `bad-certificate` where another issuer answers.
 */
export const askChallenge = async (
  apiUrl: string,
  expected?: string,
  signal?: AbortSignal,
): Promise<Challenge> => {
  const path = '/auth/challenge';
  const challenge = readAnswer(isChallenge, await request({ apiUrl, path, body: {}, signal }), path);
  if (expected === undefined || challenge.issuer === expected) return challenge;
  const detail = `${challenge.issuer} answers at ${apiUrl}, which used to be ${expected}. Sign in again.`;
  throw new ProblemError(problemOf('bad-certificate', { detail }));
};
