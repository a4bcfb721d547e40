import Type, { type Static } from 'typebox';

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
});
export type TargetView = Static<typeof TargetViewSchema>;
