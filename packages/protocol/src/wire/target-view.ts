import Type, { type Static } from 'typebox';

import { ApprovalsAskedSchema } from './approval.ts';
import { RecipientIdSchema } from './recipient-id.ts';
import { DigestSchema, NameSchema } from './scalars.ts';
import { LabelsSchema } from './sync-target.ts';

/** One runtime that the asking session may reach. */
export const TargetViewSchema = Type.Object({
  recipient: RecipientIdSchema,
  name: Type.String(),
  module: NameSchema,
  environment: NameSchema,
  labels: LabelsSchema,
  kind: Type.Optional(Type.Enum(['browser', 'node'])),
  connected: Type.Boolean(),
  base: Type.Union([DigestSchema, Type.Null()]),
  retainedBytes: Type.Integer({ minimum: 0 }),
  /** A policy keeps what is pushed to it from being sent. */
  held: Type.Optional(Type.Boolean()),
  /** Absent where it asks for none. */
  approvals: Type.Optional(ApprovalsAskedSchema),
});
export type TargetView = Static<typeof TargetViewSchema>;
