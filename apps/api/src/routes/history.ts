import { AddressSchema, DigestSchema, EpochMsSchema, NameSchema, VersionSchema } from '@cd-push/protocol';
import type { HistoryReader } from '@cd-push/store';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import type { Api } from '../context.ts';
import { FileHistory } from '../history/read-history.ts';
import { signedInUser, users } from '../server/guards.ts';

const ofFile = {
  environment: NameSchema,
  resource: Type.String({ minLength: 1, maxLength: 512, pattern: '^/' }),
};
const limit = (most: number) => Type.Optional(Type.Integer({ minimum: 1, maximum: most }));

const VersionViewSchema = Type.Object({
  version: VersionSchema,
  change: Type.Enum(['put', 'delete', 'rename']),
  digest: Type.Union([DigestSchema, Type.Null()]),
  predecessor: Type.Union([DigestSchema, Type.Null()]),
  frame: Type.Optional(AddressSchema),
  restores: Type.Optional(VersionSchema),
  pushGuid: Type.String(),
  sender: Type.String(),
  session: Type.String(),
  acceptedAt: EpochMsSchema,
  /** Digest of what was signed. */
  statement: DigestSchema,
});

const FrameViewSchema = Type.Object({
  address: AddressSchema,
  timeline: AddressSchema,
  height: Type.Integer(),
  parents: Type.Array(AddressSchema),
  data: Type.Unknown(),
  links: Type.Record(Type.String(), Type.Array(AddressSchema)),
  merge: Type.Optional(Type.Unknown()),
});

const ObjectViewSchema = Type.Object({
  address: AddressSchema,
  type: Type.Enum(['frame', 'constant', 'conflict', 'blob', 'control']),
  bytes: Type.Integer(),
  refers: Type.Array(AddressSchema),
});

/** What was pushed of a file, and what that was made of; read-only, for whoever may push the file or sees all. */
export const historyRoutes =
  (read: () => HistoryReader | undefined) =>
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    const common = { security: [{ bearer: [] }] };
    const onRequest = users(api);
    const historyOf = (
      request: Parameters<typeof signedInUser>[0],
      of: { environment: string; resource: string },
    ) => new FileHistory(read(), api.settings.tenant, of, signedInUser(request));

    app.get(
      '/history/versions',
      {
        schema: {
          ...common,
          summary: 'Versions of a file, the latest first',
          querystring: Type.Object({ ...ofFile, below: Type.Optional(VersionSchema), limit: limit(1_000) }),
          response: { 200: Type.Object({ versions: Type.Array(VersionViewSchema) }) },
        },
        onRequest,
      },
      async (request) => {
        const { below = Number.MAX_SAFE_INTEGER, limit: most = 100 } = request.query;
        const versions = await historyOf(request, request.query).versions(below, most);
        return {
          versions: versions.map(
            ({ patch, sender, statement, version, digest, predecessor, pushGuid, acceptedAt }) => ({
              version,
              change: patch.change,
              digest,
              predecessor,
              ...(patch.frame === undefined ? {} : { frame: patch.frame }),
              ...(patch.restores === undefined ? {} : { restores: patch.restores }),
              pushGuid,
              sender: sender.subject,
              session: sender.session,
              acceptedAt,
              statement,
            }),
          ),
        };
      },
    );

    app.get(
      '/history/frames',
      {
        schema: {
          ...common,
          summary: 'Frames of a file’s timeline, children before parents',
          querystring: Type.Object({ ...ofFile, from: Type.Optional(AddressSchema), limit: limit(1_000) }),
          response: { 200: Type.Object({ frames: Type.Array(FrameViewSchema), isWhole: Type.Boolean() }) },
        },
        onRequest,
      },
      async (request) => {
        const { from, limit: most = 100 } = request.query;
        const found = historyOf(request, request.query).frames(from);
        const { taken, isWhole } = await atMost(found, most, ({ address, timeline, height, frame }) => ({
          address,
          timeline,
          height,
          parents: [...frame.parents],
          data: frame.data,
          links: Object.fromEntries(Object.entries(frame.links).map(([name, list]) => [name, [...list]])),
          ...('merge' in frame && frame.merge !== undefined ? { merge: frame.merge } : {}),
        }));
        return { frames: taken, isWhole };
      },
    );

    app.get(
      '/history/graph',
      {
        schema: {
          ...common,
          summary: 'Everything that a frame of a file needs',
          querystring: Type.Object({ ...ofFile, from: Type.Optional(AddressSchema), limit: limit(10_000) }),
          response: { 200: Type.Object({ objects: Type.Array(ObjectViewSchema), isWhole: Type.Boolean() }) },
        },
        onRequest,
      },
      async (request) => {
        const { from, limit: most = 1_000 } = request.query;
        const objects = historyOf(request, request.query).graph(from);
        const { taken, isWhole } = await atMost(objects, most, ({ address, type, bytes, refers }) => ({
          address,
          type,
          bytes: bytes.length,
          refers: [...refers],
        }));
        return { objects: taken, isWhole };
      },
    );

    app.get(
      '/history/objects/:address',
      {
        schema: {
          ...common,
          summary: 'The bytes of an object of a file’s history',
          params: Type.Object({ address: AddressSchema }),
          querystring: Type.Object(ofFile),
        },
        onRequest,
      },
      async (request, reply) => {
        const { type, bytes } = await historyOf(request, request.query).object(request.params.address);
        // What lies behind an address never changes; a file of someone’s must never be run by who looks at it.
        return reply
          .header('cache-control', 'private, max-age=31536000, immutable')
          .header('x-content-type-options', 'nosniff')
          .header('content-disposition', 'attachment')
          .type(type === 'blob' ? 'application/octet-stream' : 'application/json')
          .send(Buffer.from(bytes));
      },
    );
  };

/** What is told of the first of them. Each is let go of as soon as it was looked at: there may be gigabytes of files. */
const atMost = async <Value, View>(
  values: AsyncIterable<Value>,
  most: number,
  viewOf: (value: Value) => View,
): Promise<{ readonly taken: View[]; readonly isWhole: boolean }> => {
  const taken: View[] = [];
  for await (const value of values) {
    if (taken.length === most) return { taken, isWhole: false };
    taken.push(viewOf(value));
  }
  return { taken, isWhole: true };
};
