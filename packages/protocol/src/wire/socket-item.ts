import Type, { type Static } from 'typebox';

/** One socket of an app as existing clients list it. */
export const SocketItemSchema = Type.Object({
  socketId: Type.String({ maxLength: 128 }),
  name: Type.String({ maxLength: 128 }),
  socketGuid: Type.Optional(Type.Union([Type.String({ maxLength: 128 }), Type.Null()])),
});
export type ISocketItem = Static<typeof SocketItemSchema>;
