import { isChallenge } from '@cd-push/protocol';
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
 * @param subject user name, session, join code or credential that the proof is for.
 */
export const answerChallenge = async (
  apiUrl: string,
  subject: string,
  key: SigningKey,
  signal?: AbortSignal,
): Promise<AnsweredChallenge> => {
  const path = '/auth/challenge';
  const { nonce, issuer } = readAnswer(isChallenge, await request({ apiUrl, path, body: {}, signal }), path);
  return { nonce, issuer, proof: await signProof({ nonce, issuer, subject }, key) };
};
