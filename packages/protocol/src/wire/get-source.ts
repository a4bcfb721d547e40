import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { AddressSchema, NameSchema, VersionSchema } from './scalars.ts';

/** Anybody who may query → relay: a file as it was saved, where what was pushed of it was made of that. */
export const GetSourceSchema = Type.Object({
  environment: NameSchema,
  resource: Type.String({ minLength: 1, maxLength: limits.resourceLength }),
  version: VersionSchema,
});
export type GetSource = Static<typeof GetSourceSchema>;

/** Relay → asker: its bytes, as text where they are one. */
export const GetSourceAnswerSchema = Type.Union([
  Type.Object({ source: AddressSchema, text: Type.String() }),
  Type.Object({ source: AddressSchema, base64: Type.String() }),
]);
export type GetSourceAnswer = Static<typeof GetSourceAnswerSchema>;
