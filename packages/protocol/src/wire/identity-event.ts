import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { PublicKeySchema } from './public-key.ts';
import { AddressSchema, DigestSchema, SignatureSchema } from './scalars.ts';
import { ScopeSchema, VerbSchema } from './scope.ts';

/** One key's signature over an event; `key` is its thumbprint (RFC 7638), written as a digest. */
const EventSignatureSchema = Type.Object(
  { key: DigestSchema, signature: SignatureSchema },
  { additionalProperties: false },
);
export type EventSignature = Static<typeof EventSignatureSchema>;

const later = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

const commonMembers = {
  kind: Type.Literal('cd-push/identity/1'),
  /** As many as the threshold says, in the order of their keys: whoever passes an event on can leave none out. */
  signatures: Type.Array(EventSignatureSchema, { minItems: 1, maxItems: limits.identityKeys }),
};

/** Whose signatures count from this event on, and what the next keys will be (pre-rotation). */
const establishmentMembers = {
  keys: Type.Array(PublicKeySchema, { minItems: 1, maxItems: limits.identityKeys }),
  /** How many of the keys have to sign. */
  threshold: Type.Integer({ minimum: 1, maximum: limits.identityKeys }),
  /** Thumbprints of the keys that the next rotation will bring. */
  next: Type.Array(DigestSchema, { minItems: 1, maxItems: limits.identityKeys }),
  nextThreshold: Type.Integer({ minimum: 1, maximum: limits.identityKeys }),
};

const laterMembers = {
  n: later,
  /** Address of event n - 1. */
  previous: AddressSchema,
  /** Address of the latest inception or rotation before this event: whose keys sign what is no rotation. */
  establishment: AddressSchema,
};

/** First event of an identity; its address names the identity. */
export const InceptionSchema = Type.Object(
  {
    ...commonMembers,
    op: Type.Literal('inception'),
    n: Type.Literal(0),
    previous: Type.Null(),
    establishment: Type.Null(),
    ...establishmentMembers,
  },
  { additionalProperties: false },
);
export type Inception = Static<typeof InceptionSchema>;

/** New keys, the very ones that were committed to, sign their own coming. */
export const RotationSchema = Type.Object(
  { ...commonMembers, op: Type.Literal('rotation'), ...laterMembers, ...establishmentMembers },
  { additionalProperties: false },
);
export type Rotation = Static<typeof RotationSchema>;

/** The identity says that a session speaks for it. */
export const IdentityClaimSchema = Type.Object(
  {
    ...commonMembers,
    op: Type.Literal('claim'),
    ...laterMembers,
    verb: VerbSchema,
    /** Address of the session's first frame. */
    target: AddressSchema,
    /** The session's key. */
    key: PublicKeySchema,
    scope: ScopeSchema,
  },
  { additionalProperties: false },
);
export type IdentityClaim = Static<typeof IdentityClaimSchema>;

/** The identity ends, for good. */
export const RevocationSchema = Type.Object(
  { ...commonMembers, op: Type.Literal('revocation'), ...laterMembers },
  { additionalProperties: false },
);
export type Revocation = Static<typeof RevocationSchema>;

export const EstablishmentSchema = Type.Union([InceptionSchema, RotationSchema]);
export type Establishment = Static<typeof EstablishmentSchema>;

/** Event n of an identity's log. Its address covers its signatures. */
export const IdentityEventSchema = Type.Union([
  InceptionSchema,
  RotationSchema,
  IdentityClaimSchema,
  RevocationSchema,
]);
export type IdentityEvent = Static<typeof IdentityEventSchema>;

/**
 * How a certificate shows that its key speaks for an identity: the identity's claim, and the establishments that lead to
 * the keys that signed it, oldest first. They start with the inception, unless receivers are known to have followed the
 * log further already.
 */
export const DelegationSchema = Type.Object(
  {
    establishments: Type.Array(EstablishmentSchema, { maxItems: limits.delegationEvents }),
    claim: IdentityClaimSchema,
  },
  { additionalProperties: false },
);
export type Delegation = Static<typeof DelegationSchema>;
