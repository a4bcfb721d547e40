import Type, { type Static } from 'typebox';

import { NameSchema } from './scalars.ts';

/** What a session may push: resource prefixes, each with the environments where it holds (`*` for all). */
export const GrantSchema = Type.Object({
  prefix: Type.String({ pattern: '^/', maxLength: 512 }),
  environments: Type.Array(Type.Union([NameSchema, Type.Literal('*')]), { minItems: 1, maxItems: 64 }),
});
export type Grant = Static<typeof GrantSchema>;
