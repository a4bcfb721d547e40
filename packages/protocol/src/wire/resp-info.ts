import Type, { type Static } from 'typebox';

/** What an answer says for people. `code` and `app_msg` may be null on existing clients. */
export const RespInfoSchema = Type.Object({
  messages: Type.Array(Type.String({ maxLength: 4096 }), { maxItems: 100 }),
  code: Type.Union([Type.String({ maxLength: 128 }), Type.Null()]),
  app_msg: Type.Unknown(),
  respState: Type.Optional(Type.Unknown()),
});
export type IRespInfo = Static<typeof RespInfoSchema>;
