export type { Authority, Certified, Change, ChangeListener } from './authority/authority.ts';
export type { Role, RuntimeRecord, RuntimeSession, Session, UserSession } from './authority/session.ts';
export type { Clock } from './clock.ts';
export { jsonLog, silentLog, type Facts, type Log } from './log.ts';
export type { RateLimits } from './peers/rate.ts';
export type { JournalPlace } from './journal/open-store.ts';
export type { RedisOptions } from './nodes/redis-link.ts';
export type { RetentionOptions } from './tracks/housekeeping.ts';
export { startRelay, type Relay, type RelayOptions } from './start-relay.ts';
