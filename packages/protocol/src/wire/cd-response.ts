import Type, { type Static } from 'typebox';

import { RespInfoSchema } from './resp-info.ts';
import { ServerConfigSchema } from './server-config.ts';
import { SessRespSchema } from './sess-resp.ts';

/** The HTTP answer that a push grew from. */
export const CdResponseSchema = Type.Object({
  app_state: Type.Object({
    success: Type.Boolean(),
    info: Type.Union([RespInfoSchema, Type.Null()]),
    sess: Type.Union([SessRespSchema, Type.Null()]),
    cache: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
    sConfig: Type.Optional(ServerConfigSchema),
  }),
  data: Type.Unknown(),
});
export type ICdResponse = Static<typeof CdResponseSchema>;
