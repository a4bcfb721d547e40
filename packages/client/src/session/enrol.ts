import { isEnrolment, ProblemError, problemOf } from '@cd-push/protocol';
import type { SigningKey, TrustRoot } from '@cd-push/timeline';

import { readAnswer } from '../http/read-answer.ts';
import { request } from '../http/request.ts';
import { answerChallenge } from './challenge.ts';

/** A runtime's credential as it is kept: nothing of it is secret, what proves it is the key beside it. */
export interface RuntimeIdentity {
  readonly apiUrl: string;
  readonly resourceGuid: string;
  readonly name: string;
  readonly module: string;
  readonly environment: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly groups: readonly string[];
  /**
   * Pinned at enrolment: how many other people have to approve of what is pushed here. Whoever tells this runtime anything
   * later cannot lower it. Absent, as of one that enrolled before there was any, stands for 0.
   */
  readonly approvals?: number;
  /** Pinned at enrolment: whose signatures this runtime believes from now on. */
  readonly trustRoot: TrustRoot;
}

export interface EnrolOptions {
  readonly apiUrl: string;
  readonly joinCode: string;
  /** The runtime's own key; kept by whoever calls. */
  readonly key: SigningKey;
  /** For people who read lists of runtimes. */
  readonly name?: string;
  /** If known from elsewhere (shipped with the app), whom to believe; another issuer's answer is refused. */
  readonly trustRoot?: TrustRoot;
  readonly signal?: AbortSignal;
}

/**
 * Trades a join code for a credential of this runtime's own.
 *
 * @throws ProblemError `invalid-credentials` (no such code, or used up), `bad-certificate` (another issuer than the one
 * that was shipped), `unavailable`, `timeout`.
 */
export const enrol = async ({
  apiUrl,
  joinCode,
  key,
  name,
  trustRoot,
  signal,
}: EnrolOptions): Promise<RuntimeIdentity> => {
  const path = '/auth/enrol';
  const { nonce, proof } = await answerChallenge(apiUrl, joinCode, key, signal);
  const body = { joinCode, publicKey: key.publicKey, nonce, proof, ...(name === undefined ? {} : { name }) };
  const answer = readAnswer(isEnrolment, await request({ apiUrl, path, body, signal }), path);
  const { issuer, tenant, keys, identities } = answer;
  const offered: TrustRoot = { issuer, tenant, keys, ...(identities === undefined ? {} : { identities }) };
  if (
    trustRoot !== undefined &&
    (trustRoot.issuer !== offered.issuer || trustRoot.tenant !== offered.tenant)
  ) {
    throw new ProblemError(
      problemOf('bad-certificate', {
        detail: `The api at ${apiUrl} is not the issuer that this runtime was shipped for.`,
      }),
    );
  }
  return {
    apiUrl,
    resourceGuid: answer.resourceGuid,
    name: answer.name,
    module: answer.module,
    environment: answer.environment,
    labels: answer.labels,
    groups: answer.groups,
    approvals: answer.approvals,
    trustRoot: trustRoot ?? offered,
  };
};
