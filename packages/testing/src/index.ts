export { isReached } from './reach.ts';
export { databaseUrl, hasPostgres, newSchema } from './postgres.ts';
export { hasRedis, newPrefix, redisUrl } from './redis.ts';
