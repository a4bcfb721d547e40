import type { RelayOptions } from './start-relay.ts';
import { jsonLog } from './log.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What is missing or wrong in the environment; the message says what to set. */
class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/**
 * Options of a relay that is deployed by itself.
 *
 * @throws {EnvironmentError}
 */
export const optionsFromEnvironment = (env: Environment): RelayOptions => {
  const apiUrl = required(env, 'CD_PUSH_API_URL', 'where the api is, such as https://api.example');
  const secret = required(env, 'CD_PUSH_SERVICE_SECRET', 'what the api knows this relay by');
  if (!URL.canParse(apiUrl)) throw new EnvironmentError('CD_PUSH_API_URL is not a URL.');
  const port = Number(env['PORT'] ?? 8081);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new EnvironmentError('PORT must be a port number.');
  return {
    host: env['HOST'] ?? '127.0.0.1',
    port,
    apiUrl,
    serviceCredential: { id: env['CD_PUSH_SERVICE_ID'] ?? 'relay', secret },
    allowedOrigins: list(env['CD_PUSH_ALLOWED_ORIGINS']),
    allowedHosts: list(env['CD_PUSH_ALLOWED_HOSTS']),
    legacy: oneOf(env, 'CD_PUSH_LEGACY', ['off', 'on']),
    logger: jsonLog({ level: oneOf(env, 'LOG_LEVEL', ['info', 'debug', 'warn', 'error', 'silent']) }),
  };
};

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

/** The first value is the default. */
const oneOf = <Value extends string>(
  env: Environment,
  name: string,
  values: readonly [Value, ...Value[]],
): Value => {
  const value = env[name] ?? values[0];
  const found = values.find((one) => one === value);
  if (found === undefined) throw new EnvironmentError(`${name} is one of ${values.join(', ')}.`);
  return found;
};
