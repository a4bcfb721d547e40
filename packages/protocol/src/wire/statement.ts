import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { PatchHeadSchema } from './patch.ts';
import { DigestSchema, EpochMsSchema, NameSchema, PushGuidSchema } from './scalars.ts';
import { SelectorSchema } from './sync-target.ts';

/** One address of a push as it is signed. */
export const TargetSchema = Type.Union([
  Type.Object({ user: Type.Integer({ minimum: 0 }) }, { additionalProperties: false }),
  Type.Object({ guid: Type.String({ minLength: 1, maxLength: 512 }) }, { additionalProperties: false }),
  Type.Object({ group: Type.String({ minLength: 1, maxLength: 128 }) }, { additionalProperties: false }),
  Type.Object({ select: SelectorSchema }, { additionalProperties: false }),
]);
export type Target = Static<typeof TargetSchema>;

const commonMembers = {
  /** Protocol version. */
  v: Type.Literal(1),
  tenant: NameSchema,
  environment: NameSchema,
  targets: Type.Array(TargetSchema, { minItems: 1, maxItems: limits.recipients }),
  pushGuid: PushGuidSchema,
  trigger: NameSchema,
  /** Subject of the certificate. */
  signer: NameSchema,
  /** Digest of the certificate as it travels: the compact JWS. */
  certificate: DigestSchema,
  issuedAt: EpochMsSchema,
  /** After this no delivery is attempted; what is the head by then stays the head. */
  deliverBy: EpochMsSchema,
  silent: Type.Boolean(),
};

/** Files change; all of them or none. */
export const PatchStatementSchema = Type.Object({
  kind: Type.Literal('patch'),
  ...commonMembers,
  patches: Type.Array(PatchHeadSchema, { minItems: 1, maxItems: limits.patches }),
});
/** People are told something: `pushData.m` has this digest. */
export const NoticeStatementSchema = Type.Object({
  kind: Type.Literal('notice'),
  ...commonMembers,
  message: DigestSchema,
});
/** An operation that the app registered runs: `pushData.m` holds its arguments as JSON and has this digest. */
export const OperationStatementSchema = Type.Object({
  kind: Type.Literal('operation'),
  ...commonMembers,
  operation: NameSchema,
  message: DigestSchema,
});

/** What a sender signs: the payload of a JWS whose `typ` is `cd-push+jws`. */
export const StatementSchema = Type.Union([
  PatchStatementSchema,
  NoticeStatementSchema,
  OperationStatementSchema,
]);
export type PatchStatement = Static<typeof PatchStatementSchema>;
export type NoticeStatement = Static<typeof NoticeStatementSchema>;
export type OperationStatement = Static<typeof OperationStatementSchema>;
export type Statement = Static<typeof StatementSchema>;
