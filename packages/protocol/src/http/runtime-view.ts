import Type, { type Static } from 'typebox';

import { ApprovalsAskedSchema } from '../wire/approval.ts';
import { NameSchema } from '../wire/scalars.ts';
import { LabelsSchema } from '../wire/sync-target.ts';

/** What a runtime is, wherever it is told. */
export const RuntimeViewSchema = Type.Object({
  guid: Type.String({ minLength: 1, maxLength: 128 }),
  /** For people. */
  name: Type.String(),
  module: NameSchema,
  environment: NameSchema,
  labels: LabelsSchema,
  /** Its own groups and its user's. */
  groups: Type.Array(NameSchema),
  approvals: ApprovalsAskedSchema,
  /** The user who let it enrol, or null. */
  user: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
});
export type RuntimeView = Static<typeof RuntimeViewSchema>;
