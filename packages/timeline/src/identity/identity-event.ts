import type { EventSignature, IdentityEvent } from '@cd-push/protocol';

import { toBase64url, utf8 } from '../crypto/base64url.ts';
import type { SigningKey } from '../crypto/port.ts';
import { addressOf, type Address } from '../objects/address.ts';
import { canonicalBytes, canonicalText } from '../objects/canonical.ts';
import { thumbprintOf } from './key-thumbprint.ts';

export const identityKind = 'cd-push/identity/1';

type Unsigned<Event extends IdentityEvent> = Event extends IdentityEvent ? Omit<Event, 'signatures'> : never;

/** What is signed of an event. */
export type EventBody = Unsigned<IdentityEvent>;

/** An event with the signatures of just these keys: as many as its threshold says. */
export const signIdentityEvent = async <Body extends EventBody>(
  body: Body,
  signers: readonly SigningKey[],
): Promise<Body & { readonly signatures: EventSignature[] }> => {
  const bytes = signedBytes(body);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({
      key: await thumbprintOf(signer.publicKey),
      signature: toBase64url(await signer.sign(bytes)),
    })),
  );
  return { ...body, signatures: signatures.toSorted((one, other) => (one.key < other.key ? -1 : 1)) };
};

/** Where an event is found. It covers the signatures, so that whoever names an event names who signed it. */
export const identityAddressOf = async (event: IdentityEvent): Promise<Address> =>
  addressOf('json', canonicalBytes(event));

/** The kind stands in front, so that nothing else that is signed here has the same bytes. */
export const signedBytes = (body: EventBody): Uint8Array<ArrayBuffer> =>
  utf8(`${identityKind}\n${canonicalText(body)}`);
