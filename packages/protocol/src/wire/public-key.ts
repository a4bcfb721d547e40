import Type, { type Static } from 'typebox';

/** An Ed25519 public key as a JWK (RFC 8037). */
export const PublicKeySchema = Type.Object(
  {
    kty: Type.Literal('OKP'),
    crv: Type.Literal('Ed25519'),
    x: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
  },
  { additionalProperties: false },
);
export type PublicKey = Static<typeof PublicKeySchema>;
