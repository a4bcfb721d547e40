export type { Authority, Certified, Change, ChangeListener } from './authority/authority.ts';
export type { Role, RuntimeRecord, RuntimeSession, Session, UserSession } from './authority/session.ts';
export type { Clock } from './clock.ts';
export { jsonLog, silentLog, type Facts, type Log } from './log.ts';
export type { RateLimits } from './peers/rate.ts';
export { startRelay, type Relay, type RelayOptions } from './start-relay.ts';
