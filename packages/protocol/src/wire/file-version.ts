import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { OffsetSchema } from './journal-offset.ts';
import { ComponentTypeSchema, RestoresSchema } from './patch.ts';
import { AddressSchema, DigestSchema, EpochMsSchema, VersionSchema } from './scalars.ts';

const ResourceNameSchema = Type.String({ minLength: 1, maxLength: limits.resourceLength });

/** One version that a file had, as it was signed; digest null where nothing was in place from then on. */
export const FileVersionSchema = Type.Object({
  resource: ResourceNameSchema,
  version: VersionSchema,
  /** Which of the versions that the journal knows of the file it is, the first being 1. */
  ordinal: Type.Integer({ minimum: 1 }),
  change: Type.Enum(['put', 'delete', 'rename']),
  /** Of a rename: the name before, told of the new one. */
  from: Type.Optional(ResourceNameSchema),
  /** Of a rename: the new name, told of the one that was given up. */
  to: Type.Optional(ResourceNameSchema),
  componentType: ComponentTypeSchema,
  digest: Type.Union([DigestSchema, Type.Null()]),
  predecessor: Type.Union([DigestSchema, Type.Null()]),
  bytes: Type.Integer({ minimum: 0 }),
  mapDigest: Type.Optional(DigestSchema),
  /** Of its source map, where that is stored. */
  mapBytes: Type.Optional(Type.Integer({ minimum: 0 })),
  frame: Type.Optional(AddressSchema),
  /** Blob of the file as it was saved, where that is known. */
  source: Type.Optional(AddressSchema),
  restores: Type.Optional(RestoresSchema),
  inPlace: Type.Boolean(),
  /** Whether content and source map lie at the relay, so that they can be read and brought back. */
  stored: Type.Boolean(),
  pushGuid: Type.String(),
  offset: OffsetSchema,
  /** Subject of who signed it. */
  signer: Type.String(),
  /** The session that sent it (`initUuid`). */
  session: Type.String(),
  acceptedAt: EpochMsSchema,
  /** Digest of the statement. */
  statement: Type.String(),
  /** How its push came out, and at how many of its recipients it took effect; absent where that takes more than a look. */
  outcome: Type.Optional(Type.Enum(['open', 'completed', 'partial', 'failed', 'expired'])),
  completed: Type.Optional(Type.Integer({ minimum: 0 })),
  recipients: Type.Optional(Type.Integer({ minimum: 0 })),
});
export type FileVersion = Static<typeof FileVersionSchema>;
