import { readFileSync } from 'node:fs';

// The api and the relay read their environments alike: this file is the same in both, which a test holds them to.

/** Variables by name. One that is empty counts as one that is not set, as compose files leave them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What is missing or wrong in the environment; the message says what to set. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

export const missing = (name: string, meaning: string): EnvironmentError =>
  new EnvironmentError(`Set ${name}: ${meaning}.`);

export const given = (env: Environment, name: string): string | undefined => {
  const value = env[name];
  return value === '' ? undefined : value;
};

/** @throws {EnvironmentError} */
export const required = (env: Environment, name: string, meaning: string): string => {
  const value = given(env, name);
  if (value === undefined) throw missing(name, meaning);
  return value;
};

/**
 * A value that others must not see: in the variable, or in the file that the variable of that name with `_FILE` names,
 * as orchestrators mount secrets.
 *
 * @throws {EnvironmentError}
 */
export const secretIn = (env: Environment, name: string): string | undefined => {
  const value = given(env, name);
  const file = given(env, `${name}_FILE`);
  if (file === undefined) return value;
  if (value !== undefined) throw new EnvironmentError(`Set ${name} or ${name}_FILE, not both.`);
  try {
    const text = readFileSync(file, 'utf8').trim();
    if (text !== '') return text;
  } catch (error) {
    throw new EnvironmentError(`${name}_FILE names ${file}, which cannot be read.`, { cause: error });
  }
  throw new EnvironmentError(`${name}_FILE names ${file}, which is empty.`);
};

/**
 * What the api and its relays know each other by.
 *
 * @throws {EnvironmentError}
 */
export const serviceSecretIn = (env: Environment): string => {
  const name = 'CD_PUSH_SERVICE_SECRET';
  const secret = secretIn(env, name);
  if (secret === undefined)
    throw missing(name, 'what relays authenticate with at the api; `openssl rand -base64 32` makes one');
  if (secret.length < 32)
    throw new EnvironmentError(
      `${name} needs at least 32 characters; \`openssl rand -base64 32\` makes one.`,
    );
  return secret;
};

/** @throws {EnvironmentError} */
export const portIn = (env: Environment, ordinary: number): number => {
  const port = Number(given(env, 'PORT') ?? ordinary);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new EnvironmentError('PORT must be a port number.');
  return port;
};

/** Parts that are separated by commas. */
export const listIn = (env: Environment, name: string): string[] =>
  (given(env, name) ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** @throws {EnvironmentError} */
export const daysIn = (env: Environment, name: string): number | undefined => {
  const value = given(env, name);
  if (value === undefined) return undefined;
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1) throw new EnvironmentError(`${name} is a number of whole days.`);
  return count;
};

/**
 * The first value is the default.
 *
 * @throws {EnvironmentError}
 */
export const oneOf = <Value extends string>(
  env: Environment,
  name: string,
  values: readonly [Value, ...Value[]],
): Value => {
  const value = given(env, name) ?? values[0];
  const found = values.find((one) => one === value);
  if (found === undefined) throw new EnvironmentError(`${name} is one of ${values.join(', ')}.`);
  return found;
};

/** What a program says that could not start; where a variable decides about it, by its name. */
export const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  switch ('code' in error ? error.code : undefined) {
    case 'EADDRINUSE':
      return `${error.message}. End what listens there, or set PORT to another port.`;
    case 'EACCES':
      return `${error.message}. See that PORT is one that this user may listen on, and that the data can be written.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${error.message}. Set HOST to an address of this machine.`;
    default:
      return error.message;
  }
};
