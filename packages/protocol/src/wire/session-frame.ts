import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { PublicKeySchema } from './public-key.ts';
import { AddressSchema, DigestSchema, SignatureSchema } from './scalars.ts';
import { VerbSchema } from './scope.ts';

/** Who stands behind a session: address of an identity's inception, or thumbprint of a certified key (a relay's). */
export const PrincipalSchema = Type.Union([AddressSchema, DigestSchema]);
export type Principal = Static<typeof PrincipalSchema>;

/** A nonce of the other side, or the address of something that the other side has just made. */
const NonceSchema = Type.String({ pattern: '^[A-Za-z0-9_-]{16,128}$' });

/** Of a pool, and of a commitment in it. */
const IdSchema = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,31}$' });

/** One-time commitments, and the verbs that revealing what is behind them goes with. */
export const ChallengePoolSchema = Type.Object(
  {
    verbs: Type.Array(VerbSchema, { minItems: 1, maxItems: 16 }),
    /** By id. */
    commitments: Type.Record(IdSchema, DigestSchema, {
      minProperties: 1,
      maxProperties: limits.challengePoolSize,
      additionalProperties: false,
    }),
  },
  { additionalProperties: false },
);
export type ChallengePool = Static<typeof ChallengePoolSchema>;

const commonMembers = {
  kind: Type.Literal('cd-push/session/1'),
  /** By the session's key. */
  signature: SignatureSchema,
};

/** First frame of a session; its address names the session. */
export const SessionGenesisSchema = Type.Object(
  {
    ...commonMembers,
    n: Type.Literal(0),
    previous: Type.Null(),
    identity: PrincipalSchema,
    key: PublicKeySchema,
    /** By name. */
    pools: Type.Record(IdSchema, ChallengePoolSchema, {
      maxProperties: limits.challengePools,
      additionalProperties: false,
    }),
    nonce: NonceSchema,
  },
  { additionalProperties: false },
);
export type SessionGenesis = Static<typeof SessionGenesisSchema>;

/** What a server demands of a session: these ids of this pool, for this nonce, from this server and nobody else. */
export const SessionChallengeSchema = Type.Object(
  {
    /** Used once. */
    nonce: NonceSchema,
    server: PrincipalSchema,
    pool: IdSchema,
    demanded: Type.Array(IdSchema, { minItems: 1, maxItems: limits.challengeDemand }),
  },
  { additionalProperties: false },
);
export type SessionChallenge = Static<typeof SessionChallengeSchema>;

/** The answer to a challenge. What it reveals proves nothing without the signature around it. */
export const ChallengeClaimSchema = Type.Object(
  {
    verb: VerbSchema,
    /** Address of the session's first frame. */
    session: AddressSchema,
    challenge: SessionChallengeSchema,
    /** By id, in base64url: exactly those that were demanded. */
    reveals: Type.Record(IdSchema, Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }), {
      minProperties: 1,
      maxProperties: limits.challengeDemand,
      additionalProperties: false,
    }),
  },
  { additionalProperties: false },
);
export type ChallengeClaim = Static<typeof ChallengeClaimSchema>;

/** The session signs one context: a turn of a synchronisation, say. */
export const ContextClaimSchema = Type.Object(
  { verb: VerbSchema, target: AddressSchema },
  { additionalProperties: false },
);
export type ContextClaim = Static<typeof ContextClaimSchema>;

export const SessionStepSchema = Type.Object(
  {
    ...commonMembers,
    n: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    /** Address of frame n - 1. */
    previous: AddressSchema,
    claim: Type.Union([ChallengeClaimSchema, ContextClaimSchema]),
  },
  { additionalProperties: false },
);
export type SessionStep = Static<typeof SessionStepSchema>;

/** Frame n of a session. */
export const SessionFrameSchema = Type.Union([SessionGenesisSchema, SessionStepSchema]);
export type SessionFrame = Static<typeof SessionFrameSchema>;
