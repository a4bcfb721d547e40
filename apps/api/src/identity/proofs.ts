import { ProblemError, problemOf, type EpochMs, type PublicKey } from '@cd-push/protocol';
import { proofHolds } from '@cd-push/timeline';

import type { Nonces } from './nonces.ts';

interface ProofRequest {
  readonly publicKey: PublicKey;
  readonly nonce: string;
  readonly proof: string;
  readonly subject: string;
  readonly issuer: string;
}

/** Whether an open nonce was signed with this key, for this issuer and subject. The nonce is spent either way. */
export const isProved = async (
  nonces: Nonces,
  { publicKey, nonce, proof, subject, issuer }: ProofRequest,
  at: EpochMs,
): Promise<boolean> => {
  const open = nonces.spend(nonce, at);
  return open && (await proofHolds(proof, publicKey, { nonce, issuer, subject }));
};

/**
 * Lets pass whom {@link isProved} holds for.
 *
 * @throws {ProblemError} `bad-signature`
 */
export const requireProof = async (nonces: Nonces, request: ProofRequest, at: EpochMs): Promise<void> => {
  if (!(await isProved(nonces, request, at))) throw unproved();
};

export const unproved = (): ProblemError =>
  new ProblemError(
    problemOf('bad-signature', {
      path: '/proof',
      detail:
        'The proof does not hold: sign a fresh nonce of /auth/challenge with the key that is to be proved.',
    }),
  );
