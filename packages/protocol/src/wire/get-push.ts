import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { SignedApprovalSchema } from './approval.ts';
import { PatchHeadSchema } from './patch.ts';
import { PushViewSchema } from './push-view.ts';
import { JwsSchema, PushGuidSchema } from './scalars.ts';

/** Anybody who may query → relay: a push as it was signed, which replaying and proving need. */
export const GetPushSchema = Type.Object({ pushGuid: PushGuidSchema });
export type GetPush = Static<typeof GetPushSchema>;

/** Relay → asker. Contents lie under their digests at `/contents/<digest>`. Messages of existing clients have no statement. */
export const GetPushAnswerSchema = Type.Object({
  push: PushViewSchema,
  patches: Type.Array(PatchHeadSchema),
  /** Text of a notice, or arguments of an operation as JSON. */
  m: Type.Optional(Type.String()),
  statement: Type.Optional(JwsSchema),
  certificate: Type.Optional(JwsSchema),
  approvals: Type.Optional(Type.Array(SignedApprovalSchema, { maxItems: limits.approvals })),
  acceptance: Type.Optional(JwsSchema),
  relayCertificate: Type.Optional(JwsSchema),
});
export type GetPushAnswer = Static<typeof GetPushAnswerSchema>;
