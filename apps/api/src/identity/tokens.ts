import { randomUUID } from 'node:crypto';

import type { JWT } from '@fastify/jwt';
import { epochMs, PublicKeySchema, type EpochMs, type PublicKey } from '@cd-push/protocol';
import { fromBase64url } from '@cd-push/timeline';
import Type, { type Static } from 'typebox';
import { Check } from 'typebox/value';

import type { Issuer } from './issuer.ts';

/** What an access token may be used for; certificates and proofs are other types and never pass here. */
const accessTokenType = 'at+jwt';
const accessAudience = 'cd-push';

export const ClientKindSchema = Type.Enum(['developer', 'observer', 'runtime']);

/** Claims of an access token: RFC 9068 with the session, the tenant and the key that it is bound to (RFC 7800). */
const AccessClaimsSchema = Type.Object({
  iss: Type.String(),
  aud: Type.Literal(accessAudience),
  /** `user-<id>`, or the resourceGuid of a runtime. */
  sub: Type.String(),
  /** The session's initUuid, or the resourceGuid of a runtime. */
  sid: Type.String(),
  tenant: Type.String(),
  client: ClientKindSchema,
  roles: Type.Array(Type.String()),
  cnf: Type.Optional(Type.Object({ jwk: PublicKeySchema })),
  /** Seconds since the epoch. */
  iat: Type.Integer(),
  exp: Type.Integer(),
  jti: Type.String(),
});
export type AccessClaims = Static<typeof AccessClaimsSchema>;

export type NewClaims = Pick<AccessClaims, 'sub' | 'sid' | 'client' | 'roles'> & {
  readonly publicKey: PublicKey | null;
};

export type Verification =
  | { readonly kind: 'valid'; readonly claims: AccessClaims }
  | { readonly kind: 'expired' }
  | { readonly kind: 'invalid' };

const HeaderSchema = Type.Object(
  { alg: Type.Literal('EdDSA'), typ: Type.Literal(accessTokenType), kid: Type.String() },
  { additionalProperties: false },
);

interface TokenSettings {
  readonly jwt: JWT;
  readonly issuer: Issuer;
  /** The issuer's name, which is known only once the server listens. */
  readonly issuerName: () => string;
  readonly tenant: string;
  readonly ttlSeconds: number;
}

/** Issues and verifies access tokens. */
export class Tokens {
  readonly #settings: TokenSettings;

  constructor(settings: TokenSettings) {
    this.#settings = settings;
  }

  get ttlSeconds(): number {
    return this.#settings.ttlSeconds;
  }

  issue(
    { publicKey, ...claims }: NewClaims,
    at: EpochMs,
  ): { readonly token: string; readonly expiresAt: EpochMs } {
    const { jwt, issuer, issuerName, tenant, ttlSeconds } = this.#settings;
    const iat = Math.floor(at / 1000);
    const payload: AccessClaims = {
      iss: issuerName(),
      aud: accessAudience,
      ...claims,
      tenant,
      ...(publicKey === null ? {} : { cnf: { jwk: publicKey } }),
      iat,
      exp: iat + ttlSeconds,
      jti: randomUUID(),
    };
    const { privatePem, kid } = issuer.signing;
    const token = jwt.sign(payload, {
      key: privatePem,
      algorithm: 'EdDSA',
      kid,
      header: { alg: 'EdDSA', typ: accessTokenType },
    });
    return { token, expiresAt: epochMs(payload.exp * 1000) };
  }

  /**
   * Takes only what {@link issue} makes: the header has exactly these three members, so no key that the token brings
   * along or points to is ever looked at, and the key is one of the issuer's own.
   */
  verify(token: string, at: EpochMs): Verification {
    const { jwt, issuer, issuerName, tenant } = this.#settings;
    const header = headerOf(token);
    if (!Check(HeaderSchema, header)) return { kind: 'invalid' };
    const key = issuer.keys.get(header.kid);
    if (key === undefined) return { kind: 'invalid' };
    try {
      const claims: unknown = jwt.verify(token, {
        key: key.publicPem,
        algorithms: ['EdDSA'],
        checkTyp: accessTokenType,
        allowedIss: issuerName(),
        allowedAud: accessAudience,
        requiredClaims: ['iss', 'aud', 'exp'],
        clockTimestamp: at,
        cache: false,
      });
      return Check(AccessClaimsSchema, claims) && claims.tenant === tenant
        ? { kind: 'valid', claims }
        : { kind: 'invalid' };
    } catch (error) {
      // The signature is checked before the time, so an expired token is a real one.
      const expired = error instanceof Error && 'code' in error && error.code === 'FAST_JWT_EXPIRED';
      return { kind: expired ? 'expired' : 'invalid' };
    }
  }
}

/** The header of a token whose three parts are canonical base64url, so that one token has one spelling. */
const headerOf = (token: string): unknown => {
  const [header, ...rest] = token.split('.').map(fromBase64url);
  if (header === undefined || rest.length !== 2 || rest.includes(undefined)) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(header)) as unknown;
  } catch {
    return undefined;
  }
};
