import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { HeadSchema } from './head.ts';
import { NameSchema } from './scalars.ts';

/** Sender → relay: which versions are in place. */
export const GetHeadsSchema = Type.Object({
  environment: NameSchema,
  resources: Type.Array(Type.String({ minLength: 1, maxLength: limits.resourceLength }), {
    maxItems: limits.headQuery,
  }),
});
export type GetHeads = Static<typeof GetHeadsSchema>;

/** Relay → sender: those of the resources that were ever pushed. */
export const GetHeadsAnswerSchema = Type.Object({ heads: Type.Array(HeadSchema) });
export type GetHeadsAnswer = Static<typeof GetHeadsAnswerSchema>;
