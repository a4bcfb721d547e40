import Type, { type Static } from 'typebox';

import { CommTrackInputSchema } from './comm-track.ts';
import { SocketItemSchema } from './socket-item.ts';

const NullableText = Type.Union([Type.String({ maxLength: 512 }), Type.Null()]);

/**
 * Names an addressable object of an app. `resourceGuid` alone routes; socket members are read for existing clients and
 * never believed.
 */
export const CdObjIdSchema = Type.Object({
  appId: Type.Optional(NullableText),
  ngModule: Type.Optional(NullableText),
  cdModule: Type.Optional(NullableText),
  resourceName: Type.Optional(NullableText),
  resourceGuid: Type.Optional(NullableText),
  /** A token as long as any; never believed, never passed on. */
  jwtToken: Type.Optional(Type.Union([Type.String({ maxLength: 8192 }), Type.Null()])),
  socket: Type.Optional(Type.Unknown()),
  socketId: Type.Optional(NullableText),
  commTrack: Type.Optional(Type.Union([CommTrackInputSchema, Type.Null()])),
  appSockets: Type.Optional(Type.Array(SocketItemSchema, { maxItems: 64 })),
});
export type CdObjId = Static<typeof CdObjIdSchema>;
