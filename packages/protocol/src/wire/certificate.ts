import Type, { type Static } from 'typebox';

import { EpochMsSchema, NameSchema } from './scalars.ts';

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

/** What a session may push: resource prefixes, each with the environments where it holds (`*` for all). */
export const GrantSchema = Type.Object({
  prefix: Type.String({ pattern: '^/', maxLength: 512 }),
  environments: Type.Array(Type.Union([NameSchema, Type.Literal('*')]), { minItems: 1, maxItems: 64 }),
});
export type Grant = Static<typeof GrantSchema>;

/**
 * The issuer says that a key may push: payload of a JWS whose `typ` is `cd-push-cert+jws`. It is shown to everyone and
 * gives no access by itself.
 */
export const CertificateSchema = Type.Object({
  v: Type.Literal(1),
  iss: Type.String({ minLength: 1, maxLength: 512 }),
  /** Who may rely on it: runtimes and relays of the tenant. */
  aud: Type.Literal('cd-push:code'),
  sub: NameSchema,
  tenant: NameSchema,
  /** Session in which it was issued (`initUuid` of its answers); a revocation names it. */
  session: Type.String({ minLength: 1, maxLength: 64 }),
  cnf: Type.Object({ jwk: PublicKeySchema }),
  grants: Type.Array(GrantSchema, { maxItems: 256 }),
  notBefore: EpochMsSchema,
  notAfter: EpochMsSchema,
});
export type Certificate = Static<typeof CertificateSchema>;

/** The issuer says that a key is a relay's: `typ` `cd-push-relay+jws`. */
export const RelayCertificateSchema = Type.Object({
  v: Type.Literal(1),
  iss: Type.String({ minLength: 1, maxLength: 512 }),
  aud: Type.Literal('cd-push:acceptance'),
  sub: NameSchema,
  tenant: Type.Union([NameSchema, Type.Literal('*')]),
  cnf: Type.Object({ jwk: PublicKeySchema }),
  notBefore: EpochMsSchema,
  notAfter: EpochMsSchema,
});
export type RelayCertificate = Static<typeof RelayCertificateSchema>;
