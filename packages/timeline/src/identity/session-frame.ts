import type { PublicKey, SessionFrame } from '@cd-push/protocol';
import { platform } from '#crypto';

import { fromBase64url, toBase64url, utf8 } from '../crypto/base64url.ts';
import type { SigningKey } from '../crypto/port.ts';
import { addressOf, type Address } from '../objects/address.ts';
import { canonicalBytes, canonicalText } from '../objects/canonical.ts';

export const sessionKind = 'cd-push/session/1';

type Unsigned<Frame extends SessionFrame> = Frame extends SessionFrame ? Omit<Frame, 'signature'> : never;
type FrameBody = Unsigned<SessionFrame>;

export const signSessionFrame = async <Body extends FrameBody>(
  body: Body,
  key: SigningKey,
): Promise<Body & { readonly signature: string }> => ({
  ...body,
  signature: toBase64url(await key.sign(signedBytes(body))),
});

/** Where a frame is found. It covers the signature. */
export const sessionAddressOf = async (frame: SessionFrame): Promise<Address> =>
  addressOf('json', canonicalBytes(frame));

export const isSignedBy = async (frame: SessionFrame, key: PublicKey): Promise<boolean> => {
  const { signature, ...body } = frame;
  const bytes = fromBase64url(signature);
  return bytes !== undefined && (await platform.verify(key, bytes, signedBytes(body)));
};

/** The kind stands in front, so that nothing else that is signed here has the same bytes. */
const signedBytes = (body: FrameBody): Uint8Array<ArrayBuffer> =>
  utf8(`${sessionKind}\n${canonicalText(body)}`);
