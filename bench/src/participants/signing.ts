import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

import { Type, type Static } from 'typebox';
import { Check } from 'typebox/value';

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

/** What a sender does: signs the statement anew. */
export const signing = ({ senderPrivate }: AnchorKeys): ((envelope: AnchorEnvelope) => AnchorEnvelope) => {
  const key = privateKeyOf(senderPrivate);
  return ({ pushData, ...rest }) => ({
    ...rest,
    pushData: { ...pushData, statement: signAnew(pushData.statement, key) },
  });
};

/** What a relay does: verifies the statement, and signs an acceptance of so many bytes. */
export const accepting = (
  { senderPublic, relayPrivate }: AnchorKeys,
  acceptance: string,
): ((envelope: AnchorEnvelope) => AnchorEnvelope) => {
  const sender = publicKeyOf(senderPublic);
  const sealing = privateKeyOf(relayPrivate);
  return ({ pushData, ...rest }) => {
    requireSigned(pushData.statement, sender);
    return { ...rest, pushData: { ...pushData, acceptance: signAnew(acceptance, sealing) } };
  };
};

/** What a recipient does: verifies both. */
export const receiving = ({
  senderPublic,
  relayPublic,
}: AnchorKeys): ((envelope: AnchorEnvelope) => void) => {
  const sender = publicKeyOf(senderPublic);
  const relay = publicKeyOf(relayPublic);
  return ({ pushData }) => {
    requireSigned(pushData.statement, sender);
    requireSigned(pushData.acceptance, relay);
  };
};

const privateKeyOf = (der: string): KeyObject =>
  createPrivateKey({ key: Buffer.from(der, 'base64url'), format: 'der', type: 'pkcs8' });
const publicKeyOf = (der: string): KeyObject =>
  createPublicKey({ key: Buffer.from(der, 'base64url'), format: 'der', type: 'spki' });

/** An envelope as it came off a wire. */
export const asEnvelope = (value: unknown): AnchorEnvelope => {
  if (!Check(AnchorEnvelopeSchema, value)) throw new TypeError('This is no envelope.');
  return value;
};

/** The same text, signed anew: the bytes before the last dot are what a JWS signs. */
const signAnew = (jws: string, key: KeyObject): string => {
  const signed = jws.slice(0, jws.lastIndexOf('.'));
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`;
};

/** @throws Error where the signature does not hold. */
const requireSigned = (jws: string | undefined, key: KeyObject): void => {
  const dot = jws?.lastIndexOf('.') ?? -1;
  const holds =
    jws !== undefined &&
    verify(null, Buffer.from(jws.slice(0, dot)), key, Buffer.from(jws.slice(dot + 1), 'base64url'));
  if (!holds) throw new Error('A signature of the anchor does not hold.');
};
