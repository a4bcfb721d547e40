import { isLoopback, type ApiOptions } from './options.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What is missing or unsafe in the environment; the message says what to set. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

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
  const secret = required(
    env,
    'CD_PUSH_SERVICE_SECRET',
    'what relays authenticate with; `openssl rand -base64 32` makes one',
  );
  if (!URL.canParse(issuer)) throw new EnvironmentError('CD_PUSH_ISSUER is not a URL.');
  const { protocol, hostname } = new URL(issuer);
  if (protocol !== 'https:' && !isLoopback(hostname)) {
    throw new EnvironmentError('CD_PUSH_ISSUER must be https: passwords and tokens travel there.');
  }
  const port = Number(env['PORT'] ?? 8080);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new EnvironmentError('PORT must be a port number.');
  return {
    issuer,
    dataFile: dataFileFrom(env),
    serviceCredential: { id: env['CD_PUSH_SERVICE_ID'] ?? 'relay', secret },
    host: env['HOST'] ?? '127.0.0.1',
    port,
    tenant: env['CD_PUSH_TENANT'] ?? 'default',
    allowedOrigins: list(env['CD_PUSH_ALLOWED_ORIGINS']),
    allowedHosts: list(env['CD_PUSH_ALLOWED_HOSTS']),
    legacyLogin: isOn(env, 'CD_PUSH_LEGACY_LOGIN'),
    logLevel: env['LOG_LEVEL'] ?? 'info',
    ...(env['CD_PUSH_RELAY_URL'] === undefined ? {} : { relayUrl: env['CD_PUSH_RELAY_URL'] }),
    ...(env['CD_PUSH_TRUSTED_PROXIES'] === undefined
      ? {}
      : { trustedProxies: list(env['CD_PUSH_TRUSTED_PROXIES']) }),
  };
};

/** @throws {EnvironmentError} */
export const dataFileFrom = (env: Environment): string =>
  required(env, 'CD_PUSH_DATA', 'the SQLite file that keeps users, sessions and the issuer’s key');

const required = (env: Environment, name: string, meaning: string): string => {
  const value = env[name];
  if (value === undefined || value === '') throw new EnvironmentError(`Set ${name}: ${meaning}.`);
  return value;
};

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

const isOn = (env: Environment, name: string): boolean => {
  const value = env[name] ?? 'off';
  if (value !== 'on' && value !== 'off') throw new EnvironmentError(`${name} is "on" or "off".`);
  return value === 'on';
};
