import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';

import { usageError } from '../cli-error.ts';

const configNames = ['cd-push.config.ts', 'cd-push.config.mts', 'cd-push.config.js', 'cd-push.config.mjs'];

/** The folder that a command is about. */
export interface FoundProject {
  readonly folder: string;
  readonly configFile: string | undefined;
}

/**
 * A folder that was named on the command line; the current one by default.
 *
 * @throws CliError where there is none: the project around it is not meant.
 */
export const namedFolder = (cwd: string, folder = '.'): string => {
  const path = resolve(cwd, folder);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return path;
  throw usageError(`${path} is no folder.`, 'Name the folder of a project.');
};

/**
 * Where the project of a file is to be looked for that was named on the command line. It may have been deleted; and what
 * looks like an absolute path may be the name of a resource, which tells nothing of where it lies.
 */
export const nearestFolder = (cwd: string, text: string): string => {
  const path = resolve(cwd, text);
  if (existsSync(path)) return path;
  if (isAbsolute(text)) return cwd;
  return upwards(dirname(path)).find((folder) => existsSync(folder)) ?? cwd;
};

/**
 * The project that a path lies in: the nearest folder upwards with a configuration file, else the nearest with a
 * package.json, else the folder itself.
 */
export const findProject = (from: string): FoundProject => {
  const start = statSync(from, { throwIfNoEntry: false })?.isDirectory() === false ? dirname(from) : from;
  const folders = upwards(start);
  for (const folder of folders) {
    const name = configNames.find((candidate) => existsSync(join(folder, candidate)));
    if (name !== undefined) return { folder, configFile: join(folder, name) };
  }
  return {
    folder: folders.find((folder) => existsSync(join(folder, 'package.json'))) ?? start,
    configFile: undefined,
  };
};

const upwards = (folder: string): string[] => {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...upwards(parent)];
};

/** A module's name where the settings give none: the package's without its scope, else the folder's. */
export const moduleNameOf = (folder: string): string => {
  const name = packageName(folder)?.replace(/^@[^/]*\//u, '') ?? basename(folder);
  return (
    name
      .replaceAll(/[^A-Za-z0-9._@-]/gu, '-')
      .replace(/^[^A-Za-z0-9]+/u, '')
      .slice(0, 128) || 'app'
  );
};

const packageName = (folder: string): string | undefined => {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const named =
      typeof manifest === 'object' && manifest !== null && 'name' in manifest ? manifest.name : undefined;
    return typeof named === 'string' && named !== '' ? named : undefined;
  } catch {
    // No package.json, or one that is broken: its name is not needed.
    return undefined;
  }
};
