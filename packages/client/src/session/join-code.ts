import { isJoinCode, type JoinCode } from '@cd-push/protocol';

import { readAnswer } from '../http/read-answer.ts';
import { request } from '../http/request.ts';
import type { Session } from './session.ts';

export interface JoinCodeRequest {
  /** What runtimes that join by it run. */
  readonly module: string;
  readonly environment: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly groups?: readonly string[];
  /** The only identities that runtimes which join by it believe; whichever the issuer certifies by default. */
  readonly identities?: readonly string[];
  /** How many other people have to approve of what is pushed to them; 0 by default. */
  readonly approvals?: number;
  /** How many runtimes may join; 1 by default. */
  readonly uses?: number;
  readonly ttlSeconds?: number;
}

/**
 * Makes a code by which runtimes enrol. It is shown this once.
 *
 * @throws ProblemError `forbidden` without a grant for the whole module in the environment.
 */
export const makeJoinCode = async (session: Session, wanted: JoinCodeRequest): Promise<JoinCode> => {
  const path = '/join-codes';
  const { token } = await session.access();
  return readAnswer(
    isJoinCode,
    await request({ apiUrl: session.account.apiUrl, path, body: wanted, token }),
    path,
  );
};
