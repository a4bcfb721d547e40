import type { PublicKey } from '@cd-push/protocol';

import type { SigningKey } from '../crypto/port.ts';
import { openJws, signJws } from './jws.ts';

/** What a client signs to show that it holds a key: the server's one-time nonce, for this issuer and this subject only. */
export interface KeyProof {
  readonly nonce: string;
  readonly issuer: string;
  /** User name at login, join code at enrolment, resourceGuid of a runtime that asks for a token. */
  readonly subject: string;
}

export const signProof = (proof: KeyProof, key: SigningKey): Promise<string> =>
  signJws('cd-push-proof+jws', proof, key);

export const proofHolds = async (jws: string, key: PublicKey, expected: KeyProof): Promise<boolean> => {
  const payload = await openJws('cd-push-proof+jws', jws, [key]);
  return (
    typeof payload === 'object' &&
    payload !== null &&
    'nonce' in payload &&
    payload.nonce === expected.nonce &&
    'issuer' in payload &&
    payload.issuer === expected.issuer &&
    'subject' in payload &&
    payload.subject === expected.subject
  );
};
