import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { login, restoreSession, type CredentialStore, type Session } from '@cd-push/client';

import { password } from '../run/settings.ts';

/** An identity that outlives the process, in a folder that one process at a time has for itself. */
export const keptSession = async (folder: string, apiUrl: string, userName: string): Promise<Session> => {
  const store = fileStore(folder);
  return (await restoreSession(store)) ?? login({ apiUrl, userName, password, store });
};

/** Forgets who signed in and by which identity, so that the next one is a new one. */
export const forgetSession = (folder: string): void => {
  for (const name of [accountFile, identityFile]) rmSync(join(folder, name), { force: true });
};

/** Which of the processes that use this folder one after the other this is, from 1. */
export const countLife = (folder: string): number => {
  const path = join(folder, 'lives');
  const life = 1 + (existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0);
  writeWhole(path, String(life));
  return life;
};

const accountFile = 'account.json';
const identityFile = 'identity.json';
const nextKeysFile = 'next-keys.json';

const fileStore = (folder: string): CredentialStore => {
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- what a file holds is said by its name alone
  const read = <Value>(name: string): Value | undefined => {
    const path = join(folder, name);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nobody but `write` has written it
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Value) : undefined;
  };
  const write = (name: string, value: object): void => writeWhole(join(folder, name), JSON.stringify(value));
  return {
    account: async () => read(accountFile),
    keepAccount: async (account) => write(accountFile, account),
    forgetAccount: async () => rmSync(join(folder, accountFile), { force: true }),
    identity: async () => read(identityFile),
    keepIdentity: async (kept) => write(identityFile, kept),
    nextKeys: async () => read(nextKeysFile) ?? [],
    keepNextKeys: async (keys) => write(nextKeysFile, keys),
    exclusively: (step) => step(),
  };
};

/** A process that is killed in the middle leaves what was there before. */
const writeWhole = (path: string, text: string): void => {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
};
