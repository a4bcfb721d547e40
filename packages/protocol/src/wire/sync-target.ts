import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { NameSchema } from './scalars.ts';

export const LabelsSchema = Type.Record(NameSchema, Type.String({ maxLength: 256 }), {
  maxProperties: limits.labels,
});
export type Labels = Static<typeof LabelsSchema>;

/** What a runtime runs: everything that is given must hold for it, what is absent is not asked for. */
export const selectorMembers = {
  module: Type.Optional(NameSchema),
  environment: Type.Optional(NameSchema),
  labels: Type.Optional(LabelsSchema),
};
export const SelectorSchema = Type.Object(selectorMembers, { additionalProperties: false, minProperties: 1 });
export type Selector = Static<typeof SelectorSchema>;
