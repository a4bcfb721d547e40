import type { StorePlace } from './open-store.ts';
import { isLoopback, type ApiOptions } from './options.ts';
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

/**
 * Options of an api that is deployed by itself. There are no defaults for what others rely on, and no seeded user: the
 * first admin is made by `cd-push-api add-admin`.
 *
 * @throws {EnvironmentError}
 */
export const optionsFromEnvironment = (env: Environment): ApiOptions => {
  const issuer = required(
    env,
    'CD_PUSH_ISSUER',
    'the URL by which everyone knows this api, such as https://api.example',
  );
  if (!URL.canParse(issuer)) throw new EnvironmentError('CD_PUSH_ISSUER is not a URL.');
  const { protocol, hostname } = new URL(issuer);
  if (protocol !== 'https:' && !isLoopback(hostname)) {
    throw new EnvironmentError('CD_PUSH_ISSUER must be https: passwords and tokens travel there.');
  }
  const relayUrl = given(env, 'CD_PUSH_RELAY_URL');
  const journalUrl = secretIn(env, 'CD_PUSH_JOURNAL_URL');
  const trustedProxies = listIn(env, 'CD_PUSH_TRUSTED_PROXIES');
  const auditDays = daysIn(env, 'CD_PUSH_AUDIT_DAYS');
  return {
    issuer,
    ...storePlaceFrom(env),
    serviceCredential: { id: given(env, 'CD_PUSH_SERVICE_ID') ?? 'relay', secret: serviceSecretIn(env) },
    host: given(env, 'HOST') ?? '127.0.0.1',
    port: portIn(env, 8080),
    tenant: given(env, 'CD_PUSH_TENANT') ?? 'default',
    allowedOrigins: listIn(env, 'CD_PUSH_ALLOWED_ORIGINS'),
    allowedHosts: listIn(env, 'CD_PUSH_ALLOWED_HOSTS'),
    legacyLogin: oneOf(env, 'CD_PUSH_LEGACY_LOGIN', ['off', 'on']) === 'on',
    logLevel: oneOf(env, 'LOG_LEVEL', ['info', 'trace', 'debug', 'warn', 'error', 'fatal', 'silent']),
    ...(journalUrl === undefined
      ? {}
      : { history: { url: journalUrl, schema: given(env, 'CD_PUSH_JOURNAL_SCHEMA') } }),
    ...(relayUrl === undefined ? {} : { relayUrl }),
    ...(trustedProxies.length === 0 ? {} : { trustedProxies }),
    ...(auditDays === undefined ? {} : { auditDays }),
  };
};

/** @throws {EnvironmentError} */
export const storePlaceFrom = (env: Environment): StorePlace => {
  const dataFile = given(env, 'CD_PUSH_DATA');
  const url = secretIn(env, 'DATABASE_URL');
  if (dataFile !== undefined && url !== undefined)
    throw new EnvironmentError(
      'Set CD_PUSH_DATA or DATABASE_URL; users and sessions are kept in one of them.',
    );
  if (dataFile !== undefined) return { dataFile };
  if (url !== undefined) return { database: { url, schema: given(env, 'CD_PUSH_DATABASE_SCHEMA') } };
  throw missing(
    'CD_PUSH_DATA',
    'the SQLite file that keeps users, sessions and the issuer’s key; or, for several processes, DATABASE_URL: a PostgreSQL database',
  );
};
