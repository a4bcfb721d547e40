export type { ApiOptions, RateLimits, SeedUser } from './options.ts';
export { startApi, type RunningApi } from './start-api.ts';
export type { ActiveToken } from './identity/active-token.ts';
