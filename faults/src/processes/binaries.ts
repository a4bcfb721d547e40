import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execFileSync } from 'node:child_process';

import type { StoreKind } from '../schedule/roster.ts';
import { CannotRun } from './cannot-run.ts';

/**
 * A program of the system, by its name.
 *
 * @throws CannotRun where it is not installed.
 */
export const systemProgram = (name: string): string => {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = [...folders, ...postgresFolders()].map((folder) => join(folder, name)).find(isExecutable);
  if (found === undefined) throw new CannotRun(`${name} is not installed.`);
  return found;
};

/** Debian keeps what belongs to one version of PostgreSQL apart; the highest is taken. */
const postgresFolders = (): string[] => {
  const root = '/usr/lib/postgresql';
  try {
    return readdirSync(root)
      .toSorted((a, b) => Number(b) - Number(a))
      .map((version) => join(root, version, 'bin'));
  } catch {
    return [];
  }
};

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/**
 * What a run needs of the system.
 *
 * @throws CannotRun where something is missing.
 */
export const requirePrograms = (store: StoreKind): void => {
  const needed = store === 'postgres' ? ['prlimit', ...databasePrograms] : ['prlimit'];
  for (const name of needed) systemProgram(name);
};

const databasePrograms = ['initdb', 'postgres', 'redis-server', 'redis-cli'];

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Whom databases run as: PostgreSQL refuses to be the superuser's. Undefined for whoever runs this, where that is somebody
 * else already.
 *
 * @throws CannotRun where there is nobody else.
 */
export const unprivileged = (): Account | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const ask = (flag: string): number =>
        Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: ask('-u'), gid: ask('-g') };
    } catch {
      // There may be the next one.
    }
  }
  throw new CannotRun(
    'PostgreSQL refuses to run as root, and there is neither a user "postgres" nor "nobody".',
  );
};
