import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { HeadSchema } from './head.ts';
import { AddressSchema, NameSchema } from './scalars.ts';

/** Sender → relay: which versions are in place. */
export const GetHeadsSchema = Type.Object({
  environment: NameSchema,
  resources: Type.Array(Type.String({ minLength: 1, maxLength: limits.resourceLength }), {
    maxItems: limits.headQuery,
  }),
});
export type GetHeads = Static<typeof GetHeadsSchema>;

/** A head with the frame that was pushed. `isElsewhere` of the frame with which another name took the timeline along. */
export const PushedHeadSchema = Type.Object({
  ...HeadSchema.properties,
  frame: Type.Optional(
    Type.Object({
      address: AddressSchema,
      timeline: AddressSchema,
      height: Type.Integer({ minimum: 0 }),
      isElsewhere: Type.Boolean(),
    }),
  ),
});
export type PushedHead = Static<typeof PushedHeadSchema>;

/** Relay → sender: those of the resources that were ever pushed. */
export const GetHeadsAnswerSchema = Type.Object({ heads: Type.Array(PushedHeadSchema) });
export type GetHeadsAnswer = Static<typeof GetHeadsAnswerSchema>;
