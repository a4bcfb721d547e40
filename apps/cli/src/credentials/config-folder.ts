import { chmodSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The person's own configuration folder: XDG's where it is said, `%APPDATA%` on Windows, else `~/.config`. */
export const configFolder = (
  env: Readonly<Record<string, string | undefined>>,
  platform = process.platform,
): string => {
  if (env.CD_PUSH_CONFIG_HOME) return env.CD_PUSH_CONFIG_HOME;
  if (env.XDG_CONFIG_HOME) return join(env.XDG_CONFIG_HOME, 'cd-push');
  if (platform === 'win32' && env.APPDATA) return join(env.APPDATA, 'cd-push');
  return join(env.HOME || homedir(), '.config', 'cd-push');
};

/** Where the credentials for one api are: a folder per api, named by its host so that people find it. */
export const credentialFolder = (
  env: Readonly<Record<string, string | undefined>>,
  apiUrl: string,
): string => {
  const { protocol, host, pathname } = new URL(apiUrl);
  const name = `${protocol === 'http:' ? 'http-' : ''}${host}${pathname}`
    .replaceAll(/[^A-Za-z0-9.-]+/gu, '_')
    .replace(/_+$/u, '');
  return join(configFolder(env), 'credentials', name);
};

/** Makes a folder that nobody else may look into. */
export const makePrivateFolder = (folder: string): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // It may have been there with wider permissions.
  chmodSync(folder, 0o700);
};
