import type { IdentityEvent, PublicKey } from '@cd-push/protocol';
import { platform } from '#crypto';

import { fromBase64url } from '../crypto/base64url.ts';
import type { Address } from '../objects/address.ts';
import { signedBytes } from './identity-event.ts';
import { thumbprintOf } from './key-thumbprint.ts';

/** Whose signatures are asked for. */
export interface Signers {
  readonly keys: readonly PublicKey[];
  readonly threshold: number;
}

/** A receiver meets the same claims with every push: those of the sessions that sign. */
const keptVerdicts = 1_000;
const verified = new Set<Address>();

/**
 * What is wrong with an event's signatures, or undefined. There are exactly as many as the threshold says, of different
 * keys: of more, whoever passes the event on could leave some out and would have made another event n of it.
 *
 * That they hold is remembered by the event's address. The address covers the signatures and, by `establishment`, the keys
 * that they are held against; so `signers` must be those of the event's establishment.
 */
export const signatureFault = async (
  event: IdentityEvent,
  address: Address,
  { keys, threshold }: Signers,
): Promise<string | undefined> => {
  if (verified.has(address)) return undefined;
  const { signatures, ...body } = event;
  if (signatures.length !== threshold) return `${signatures.length} keys signed, where ${threshold} have to.`;
  const byThumbprint = new Map<string, PublicKey>();
  for (const key of keys) byThumbprint.set(await thumbprintOf(key), key);
  const bytes = signedBytes(body);
  let previous = '';
  for (const { key: thumbprint, signature } of signatures) {
    if (thumbprint <= previous) return 'Signatures stand in the order of their keys, one for each.';
    previous = thumbprint;
    const key = byThumbprint.get(thumbprint);
    if (key === undefined) return 'A key signed that is none of the identity’s at this place.';
    const signatureBytes = fromBase64url(signature);
    if (signatureBytes === undefined || !(await platform.verify(key, signatureBytes, bytes))) {
      return 'A signature does not hold.';
    }
  }
  if (verified.size >= keptVerdicts) verified.clear();
  verified.add(address);
  return undefined;
};
