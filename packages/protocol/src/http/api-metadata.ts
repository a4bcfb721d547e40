import Type, { type Static } from 'typebox';

import { NameSchema } from '../wire/scalars.ts';
import { IssuerKeysSchema } from './issuer-keys.ts';

/** `GET /.well-known/cd-push`: who signs here, and where the relay is. */
export const ApiMetadataSchema = Type.Object({
  issuer: Type.String({ minLength: 1, maxLength: 512 }),
  tenant: NameSchema,
  keys: IssuerKeysSchema,
  /** Absent where the api was not told. */
  relayUrl: Type.Optional(Type.String({ minLength: 1, maxLength: 2048 })),
});
export type ApiMetadata = Static<typeof ApiMetadataSchema>;
