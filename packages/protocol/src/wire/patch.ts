import Type, { type Static } from 'typebox';

import { componentTypes, type ComponentType } from '../component-types.ts';
import { limits } from '../limits.ts';
import { AddressSchema, DigestSchema, VersionSchema } from './scalars.ts';

export const ComponentTypeSchema = Type.Unsafe<ComponentType>(Type.Enum([...componentTypes]));

const ResourceNameSchema = Type.String({ minLength: 1, maxLength: limits.resourceLength });

const headMembers = {
  resource: ResourceNameSchema,
  componentType: ComponentTypeSchema,
  version: VersionSchema,
  /** Digest of the content that this one follows, or null where there is none to follow. */
  predecessor: Type.Union([DigestSchema, Type.Null()]),
  /** The frame of the resource's timeline that is deployed by this. */
  frame: Type.Optional(AddressSchema),
};

/**
 * The earlier version of the resource that this brings back: what is signed is its content under a new, higher version.
 * 0 stands for what was there before the first one, which only a runtime can know: what it was served, or nothing.
 */
export const RestoresSchema = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** A member that only the other changes have. */
const Absent = Type.Optional(Type.Never());

const contentMembers = {
  restores: Type.Optional(VersionSchema),
  digest: DigestSchema,
  /** Bytes of the new content, so that a receiver knows the size before it decodes. */
  bytes: Type.Integer({ minimum: 0, maximum: limits.contentBytes }),
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
    restores: Type.Optional(RestoresSchema),
    digest: Type.Null(),
    bytes: Type.Literal(0),
    mapDigest: Absent,
    from: Absent,
  }),
]);
export type PatchHead = Static<typeof PatchHeadSchema>;

const Base64Schema = Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$' });

/**
 * How content travels: as text, as base64 of bytes, as a delta upon what its receiver has, or, where it is too large for
 * an envelope, not at all: `stored` content lies at the relay under its digest (`/contents/<digest>`), and so does its
 * map. Unsigned: it counts only if what comes out has the signed digest.
 */
export const PatchContentSchema = Type.Union([
  Type.Object({ encoding: Type.Literal('text'), text: Type.String(), map: Type.Optional(Type.String()) }),
  Type.Object({ encoding: Type.Literal('base64'), base64: Base64Schema }),
  Type.Object({
    encoding: Type.Literal('delta'),
    /** Digest of the content that it is upon. */
    base: DigestSchema,
    delta: Base64Schema,
    /** The source map, upon the one that came with that content. */
    map: Type.Optional(
      Type.Object({
        base: DigestSchema,
        delta: Base64Schema,
        /** Of what comes out; of a map nothing but the digest is signed. */
        bytes: Type.Integer({ minimum: 0, maximum: limits.envelopeBytes }),
      }),
    ),
  }),
  Type.Object({ encoding: Type.Literal('stored') }),
  Type.Object({ encoding: Type.Literal('none') }),
]);
export type PatchContent = Static<typeof PatchContentSchema>;
