import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { DigestSchema } from './scalars.ts';

/** Version in place of one resource; digest null stands for deleted. */
export const HeadSchema = Type.Object({
  resource: Type.String({ minLength: 1, maxLength: limits.resourceLength }),
  version: Type.Integer({ minimum: 0 }),
  digest: Type.Union([DigestSchema, Type.Null()]),
});
export type Head = Static<typeof HeadSchema>;
