import Type from 'typebox';

import { PublicKeySchema } from '../wire/public-key.ts';

/** The issuer's public keys, the signing one first; who enrols pins them. */
export const IssuerKeysSchema = Type.Array(PublicKeySchema, { minItems: 1 });
