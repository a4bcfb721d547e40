import Type, { type Static } from 'typebox';

import { GrantSchema } from './grant.ts';
import { DelegationSchema } from './identity-event.ts';
import { PublicKeySchema } from './public-key.ts';
import { AddressSchema, EpochMsSchema, NameSchema } from './scalars.ts';
import { VerbSchema } from './scope.ts';

/**
 * The issuer says that a session's key may push, and shows that the identity behind it says so, too: payload of a JWS whose
 * `typ` is `cd-push-cert+jws`. It is shown to everyone and gives no access by itself.
 */
export const CertificateSchema = Type.Object({
  v: Type.Literal(1),
  iss: Type.String({ minLength: 1, maxLength: 512 }),
  /** Who may rely on it: runtimes and relays of the tenant. */
  aud: Type.Literal('cd-push:code'),
  sub: NameSchema,
  tenant: NameSchema,
  /** Address of the session's first frame (`initUuid` of answers); a revocation names it. */
  session: AddressSchema,
  /** Address of the inception of the identity that the session acts for; its end ends all of its sessions. */
  identity: AddressSchema,
  /** What the issuer cannot make up: the identity's claim for this session, signed by its own keys. */
  delegation: DelegationSchema,
  cnf: Type.Object({ jwk: PublicKeySchema }),
  /** What the session is for: what its identity claims, as far as its user may. */
  verbs: Type.Array(VerbSchema, { maxItems: 16 }),
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
