import Type, { type Static } from 'typebox';

/** An access token and how it was found; `ttl` is in seconds, `checkTime` in milliseconds since the epoch. */
export const JwtSchema = Type.Object({
  jwtToken: Type.String({ maxLength: 8192 }),
  checked: Type.Boolean(),
  checkTime: Type.Number({ minimum: 0 }),
  authorized: Type.Boolean(),
  ttl: Type.Optional(Type.Number({ minimum: 0 })),
});

/** A session as an answer shows it. `ttl` is in seconds. */
export const SessRespSchema = Type.Object({
  cd_token: Type.Optional(Type.String({ maxLength: 8192 })),
  userId: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
  jwt: Type.Union([JwtSchema, Type.Null()]),
  ttl: Type.Number({ minimum: 0 }),
  initUuid: Type.Optional(Type.String({ maxLength: 64 })),
  initTime: Type.Optional(Type.String({ maxLength: 64 })),
  clientId: Type.Optional(Type.Unknown()),
});
export type ISessResp = Static<typeof SessRespSchema>;
