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

/**
 * Lets pass who signed an open nonce with this key, for this issuer and subject. The nonce is spent either way.
 *
 * @throws {ProblemError} `bad-signature`
 */
export const requireProof = async (
  nonces: Nonces,
  { publicKey, nonce, proof, subject, issuer }: ProofRequest,
  at: EpochMs,
): Promise<void> => {
  const open = nonces.spend(nonce, at);
  if (open && (await proofHolds(proof, publicKey, { nonce, issuer, subject }))) return;
  throw new ProblemError(
    problemOf('bad-signature', {
      path: '/proof',
      detail: 'The proof does not hold: sign a fresh nonce of /auth/challenge with the key that is shown.',
    }),
  );
};
