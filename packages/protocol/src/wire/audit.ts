import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { DigestSchema, EpochMsSchema, JwsSchema, NameSchema } from './scalars.ts';

/** Names one writer of audit rows: one run of one process. */
const AuditNodeSchema = NameSchema;
const SequenceSchema = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

/** Where one node's chain stands. */
const chainMembers = { node: AuditNodeSchema, sequence: SequenceSchema, hash: DigestSchema };
export const AuditPlaceSchema = Type.Object(chainMembers);
export type AuditPlace = Static<typeof AuditPlaceSchema>;

/**
 * What happened, who did it, to what, and how it ended. `opened` and `heads` tie the chains of several nodes together by
 * naming where the others stand; `pruned` stands where older rows were let go of, and names the last of them.
 */
export const AuditEventSchema = Type.Enum([
  'opened',
  'heads',
  'pruned',
  'accepted',
  'refused',
  'delivered',
  'completed',
  'failed',
  'rolled-back',
  'expired',
  'superseded',
  'retried',
  /** A push was put before others, to approve of it; somebody approved of it; its proposer took it back. */
  'proposed',
  'approved',
  'withdrawn',
  'policy',
  /** A synchronisation has moved tips. */
  'synced',
  'login',
  'login-refused',
  'logout',
  'revocation',
  /** An identity was bound to a user, or rotated its keys. */
  'identity',
  /** A runtime traded a join code for a credential. */
  'enrolled',
  /** A relay's key was certified. */
  'certified',
  /** A join code was made or withdrawn. */
  'join-code',
  /** A user was made or removed, or got other grants or roles. */
  'user',
  /** Somebody was taken into a group, or out of it. */
  'membership',
  /** A trigger was registered, or taken out of the registry. */
  'trigger',
]);
export type AuditEvent = Static<typeof AuditEventSchema>;

/** What a row says besides its place in the chain. */
export const auditEntryMembers = {
  at: EpochMsSchema,
  event: AuditEventSchema,
  /** Subject and session (`initUuid`) of who did it; null where nobody is known. */
  who: Type.Union([
    Type.Object({ subject: Type.String(), session: Type.Union([Type.String(), Type.Null()]) }),
    Type.Null(),
  ]),
  /** How it ended: `ok`, or the kind of the problem. */
  outcome: Type.String({ maxLength: 128 }),
  pushGuid: Type.Optional(Type.String({ maxLength: 64 })),
  /** Digest of the statement. */
  digest: Type.Optional(Type.String({ maxLength: 64 })),
  /** Addresses or recipients that it was about. */
  targets: Type.Optional(Type.Array(Type.String())),
  resources: Type.Optional(Type.Array(Type.String())),
  /** Where other chains stand. */
  heads: Type.Optional(Type.Array(AuditPlaceSchema)),
  detail: Type.Optional(Type.String()),
};
export const AuditEntrySchema = Type.Object(auditEntryMembers);
export type AuditEntry = Static<typeof AuditEntrySchema>;

/**
 * One row, as the JSON text that is hashed: its hash is the digest of that very text, and the row after it names that as
 * its `previous`.
 */
export const AuditRowSchema = Type.Object({
  v: Type.Literal(1),
  node: AuditNodeSchema,
  sequence: SequenceSchema,
  previous: Type.Union([DigestSchema, Type.Null()]),
  ...auditEntryMembers,
});
export type AuditRow = Static<typeof AuditRowSchema>;

/** What a node signs of its chain: payload of a JWS whose `typ` is `cd-push-audit-head+jws`. */
export const AuditHeadSchema = Type.Object({
  v: Type.Literal(1),
  tenant: NameSchema,
  ...chainMembers,
  at: EpochMsSchema,
});
export type AuditHead = Static<typeof AuditHeadSchema>;

/** A signed head with the certificate of the relay that signed it; null where the issuer itself did. */
export const SignedAuditHeadSchema = Type.Object({
  head: JwsSchema,
  certificate: Type.Union([JwsSchema, Type.Null()]),
});
export type SignedAuditHead = Static<typeof SignedAuditHeadSchema>;

/** An admin's session → relay or api: rows of the audit, node by node, each in its order. */
export const GetAuditSchema = Type.Object({
  /** Where the last page ended; from the beginning by default. */
  after: Type.Optional(
    Type.Object({
      node: AuditNodeSchema,
      sequence: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.auditRowsPerPage })),
});
export type GetAudit = Static<typeof GetAuditSchema>;

export const GetAuditAnswerSchema = Type.Object({
  /** Each as the text that was hashed. */
  rows: Type.Array(Type.String(), { maxItems: limits.auditRowsPerPage }),
  /** Whether more follow. */
  more: Type.Boolean(),
  heads: Type.Array(SignedAuditHeadSchema, { maxItems: limits.auditHeads }),
});
export type GetAuditAnswer = Static<typeof GetAuditAnswerSchema>;

/** Relay → runtimes and observers: heads of the audit, now and then. */
export const AuditHeadsSchema = Type.Object({
  heads: Type.Array(SignedAuditHeadSchema, { maxItems: limits.auditHeads }),
});
export type AuditHeads = Static<typeof AuditHeadsSchema>;
