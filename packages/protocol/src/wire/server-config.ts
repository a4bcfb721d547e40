import Type, { type Static } from 'typebox';

/** What a server offers its clients. */
export const ServerConfigSchema = Type.Object({
  usePush: Type.Boolean(),
  usePolling: Type.Boolean(),
  useCacheStore: Type.Boolean(),
});
export type IServerConfig = Static<typeof ServerConfigSchema>;
