import type { JournalPlace } from './journal/open-store.ts';
import { jsonLog } from './log.ts';
import {
  daysIn,
  EnvironmentError,
  given,
  listIn,
  missing,
  oneOf,
  portIn,
  required,
  secretIn,
  serviceSecretIn,
  type Environment,
} from './read-environment.ts';
import type { RelayOptions } from './start-relay.ts';

/**
 * Options of a relay that is deployed by itself.
 *
 * @throws {EnvironmentError}
 */
export const optionsFromEnvironment = (env: Environment): RelayOptions => {
  const apiUrl = required(env, 'CD_PUSH_API_URL', 'where the api is, such as https://api.example');
  const secret = serviceSecretIn(env);
  if (!URL.canParse(apiUrl)) throw new EnvironmentError('CD_PUSH_API_URL is not a URL.');
  return {
    host: given(env, 'HOST') ?? '127.0.0.1',
    port: portIn(env, 8081),
    apiUrl,
    serviceCredential: { id: given(env, 'CD_PUSH_SERVICE_ID') ?? 'relay', secret },
    allowedOrigins: listIn(env, 'CD_PUSH_ALLOWED_ORIGINS'),
    allowedHosts: listIn(env, 'CD_PUSH_ALLOWED_HOSTS'),
    trustedProxies: listIn(env, 'CD_PUSH_TRUSTED_PROXIES'),
    journal: journalFrom(env),
    retention: {
      journalDays: daysIn(env, 'CD_PUSH_JOURNAL_DAYS'),
      keptVersions: countIn(env, 'CD_PUSH_KEPT_VERSIONS'),
      historyDays: daysIn(env, 'CD_PUSH_HISTORY_DAYS'),
      auditDays: daysIn(env, 'CD_PUSH_AUDIT_DAYS'),
    },
    ...redisFrom(env),
    legacy: oneOf(env, 'CD_PUSH_LEGACY', ['off', 'on']),
    logger: jsonLog({ level: oneOf(env, 'LOG_LEVEL', ['info', 'debug', 'warn', 'error', 'silent']) }),
  };
};

const journalFrom = (env: Environment): JournalPlace => {
  const file = given(env, 'CD_PUSH_DATA');
  const url = secretIn(env, 'DATABASE_URL');
  const schema = given(env, 'CD_PUSH_DATABASE_SCHEMA');
  if (file !== undefined && url !== undefined)
    throw new EnvironmentError('Set CD_PUSH_DATA or DATABASE_URL; pushes are kept in one of them.');
  if (file !== undefined) return { kind: 'sqlite', file };
  if (url !== undefined) return { kind: 'postgres', url, ...(schema === undefined ? {} : { schema }) };
  throw missing(
    'CD_PUSH_DATA',
    'the SQLite file that keeps pushes; or, for several relays, DATABASE_URL: a PostgreSQL database',
  );
};

const redisFrom = (env: Environment): Pick<RelayOptions, 'redis'> => {
  const url = secretIn(env, 'REDIS_URL');
  if (url === undefined) return {};
  // It may hold a password, and is not said again.
  if (!URL.canParse(url)) throw new EnvironmentError('REDIS_URL is not a URL.');
  const prefix = given(env, 'CD_PUSH_REDIS_PREFIX');
  return { redis: { url, ...(prefix === undefined ? {} : { prefix }) } };
};

/** @throws {EnvironmentError} */
const countIn = (env: Environment, name: string): number | undefined => {
  const value = given(env, name);
  if (value === undefined) return undefined;
  if (!/^\d{1,6}$/u.test(value)) throw new EnvironmentError(`${name} is a whole number.`);
  return Number(value);
};
