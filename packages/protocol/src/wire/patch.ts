import Type, { type Static } from 'typebox';

import { componentTypes, type ComponentType } from '../component-types.ts';
import { limits } from '../limits.ts';
import { DigestSchema, VersionSchema } from './scalars.ts';

export const ComponentTypeSchema = Type.Unsafe<ComponentType>(Type.Enum([...componentTypes]));

const ResourceNameSchema = Type.String({ minLength: 1, maxLength: limits.resourceLength });

const headMembers = {
  resource: ResourceNameSchema,
  componentType: ComponentTypeSchema,
  version: VersionSchema,
  /** Digest of the content that this one follows, or null where there is none to follow. */
  predecessor: Type.Union([DigestSchema, Type.Null()]),
};

/** A member that only the other changes have. */
const Absent = Type.Optional(Type.Never());

const contentMembers = {
  digest: DigestSchema,
  /** Bytes of the new content, so that a receiver knows the size before it decodes. */
  bytes: Type.Integer({ minimum: 0, maximum: limits.envelopeBytes }),
  mapDigest: Type.Optional(DigestSchema),
};

/**
 * What is signed of one file: its change from the predecessor to the new content, never the transport form. `from` of a
 * rename is the name under which the predecessor was known; digest null stands for a deletion.
 */
export const PatchHeadSchema = Type.Union([
  Type.Object({ ...headMembers, change: Type.Literal('put'), ...contentMembers, from: Absent }),
  Type.Object({
    ...headMembers,
    change: Type.Literal('rename'),
    ...contentMembers,
    from: ResourceNameSchema,
  }),
  Type.Object({
    ...headMembers,
    change: Type.Literal('delete'),
    digest: Type.Null(),
    bytes: Type.Literal(0),
    mapDigest: Absent,
    from: Absent,
  }),
]);
export type PatchHead = Static<typeof PatchHeadSchema>;

/** One replacement of a delta, in UTF-16 units of the predecessor's text, in ascending order. */
export const SpliceSchema = Type.Object({
  at: Type.Integer({ minimum: 0 }),
  remove: Type.Integer({ minimum: 0 }),
  insert: Type.String(),
});
export type Splice = Static<typeof SpliceSchema>;

/**
 * How content travels: as text, as base64 of bytes, or as splices upon the predecessor's text. Unsigned: it counts only
 * if what comes out has the signed digest.
 */
export const PatchContentSchema = Type.Union([
  Type.Object({ encoding: Type.Literal('text'), text: Type.String(), map: Type.Optional(Type.String()) }),
  Type.Object({
    encoding: Type.Literal('base64'),
    base64: Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$' }),
  }),
  Type.Object({
    encoding: Type.Literal('delta'),
    splices: Type.Array(SpliceSchema, { maxItems: 10_000 }),
    map: Type.Optional(Type.String()),
  }),
  Type.Object({ encoding: Type.Literal('none') }),
]);
export type PatchContent = Static<typeof PatchContentSchema>;
