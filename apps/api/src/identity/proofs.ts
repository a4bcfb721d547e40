import { JwsSchema, ProblemError, problemOf, type EpochMs, type PublicKey } from '@cd-push/protocol';
import { proofHolds } from '@cd-push/timeline';
import Type from 'typebox';

import type { Nonces } from './nonces.ts';

export const NonceSchema = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' });
export const ProofSchema = Type.String({ ...JwsSchema, maxLength: 4096 });

interface ProofRequest {
  readonly publicKey: PublicKey;
  readonly nonce: string;
  readonly proof: string;
  readonly subject: string;
  readonly issuer: string;
}

/**
 * Lets pass whoever has signed an open nonce with this key, for this issuer and subject. The nonce is spent either way.
 *
 * @throws {ProblemError} `bad-signature`
 */
export const requireProof = async (
  nonces: Nonces,
  { publicKey, nonce, proof, subject, issuer }: ProofRequest,
  at: EpochMs,
): Promise<void> => {
  const isOpen = await nonces.spend(nonce, at);
  if (!isOpen || !(await proofHolds(proof, publicKey, { nonce, issuer, subject }))) throw unproved();
};

const unproved = (): ProblemError =>
  new ProblemError(
    problemOf('bad-signature', {
      path: '/proof',
      detail:
        'The proof does not hold: sign a fresh nonce of /auth/challenge with the key that is to be proved.',
    }),
  );
