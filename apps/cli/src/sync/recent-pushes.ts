import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { configFolder, makePrivateFolder } from '../credentials/config-folder.ts';
import { writePrivateFile } from '../credentials/private-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Pushes that are remembered after the file was shortened; it may hold twice as many before. */
const kept = 500;
const lineBytes = 37;

const fileOf = (env: Environment): string => join(configFolder(env), 'recent-pushes');

/** Notes the guid of a push, so that `track` takes the beginning of it. A push is none the worse where it cannot. */
export const rememberPush = (env: Environment, pushGuid: string): void => {
  const file = fileOf(env);
  try {
    const size = statSync(file, { throwIfNoEntry: false })?.size;
    if (size === undefined) makePrivateFolder(configFolder(env));
    if (size !== undefined && size > 2 * kept * lineBytes)
      writePrivateFile(file, `${guidsIn(file).slice(-kept).join('\n')}\n`);
    appendFileSync(file, `${pushGuid}\n`, { mode: 0o600 });
  } catch {
    // A home folder that is full or read-only.
  }
};

/** The remembered pushes whose guid begins so, each once. */
export const recentPushes = (env: Environment, prefix: string): string[] => [
  ...new Set(guidsIn(fileOf(env)).filter((guid) => guid.startsWith(prefix))),
];

const guidsIn = (file: string): string[] => {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
};
