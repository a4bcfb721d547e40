import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

import { Type, type Static } from 'typebox';

/** Key pairs of an anchor's sender and server, as DER in base64url; each participant is given what it needs. */
export const AnchorKeysSchema = Type.Object({
  senderPrivate: Type.String(),
  senderPublic: Type.String(),
  relayPrivate: Type.String(),
  relayPublic: Type.String(),
});
export type AnchorKeys = Static<typeof AnchorKeysSchema>;

/** The members of an envelope that an anchor signs and verifies; all others only travel. */
export const AnchorEnvelopeSchema = Type.Object({
  pushData: Type.Object({ statement: Type.String(), acceptance: Type.Optional(Type.String()) }),
});
export type AnchorEnvelope = Static<typeof AnchorEnvelopeSchema>;

export const privateKeyOf = (der: string): KeyObject =>
  createPrivateKey({ key: Buffer.from(der, 'base64url'), format: 'der', type: 'pkcs8' });
export const publicKeyOf = (der: string): KeyObject =>
  createPublicKey({ key: Buffer.from(der, 'base64url'), format: 'der', type: 'spki' });

/** The same text, signed anew: the bytes before the last dot are what a JWS signs. */
export const signAnew = (jws: string, key: KeyObject): string => {
  const signed = jws.slice(0, jws.lastIndexOf('.'));
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`;
};

/** @throws Error where the signature does not hold. */
export const requireSigned = (jws: string | undefined, key: KeyObject): void => {
  const dot = jws?.lastIndexOf('.') ?? -1;
  const holds =
    jws !== undefined &&
    verify(null, Buffer.from(jws.slice(0, dot)), key, Buffer.from(jws.slice(dot + 1), 'base64url'));
  if (!holds) throw new Error('A signature of the anchor does not hold.');
};
