import { join } from 'node:path';

import { login, makeJoinCode, type Session } from '@cd-push/client';
import type { JoinCode } from '@cd-push/protocol';

import { keptKey } from '../credentials/key-file.ts';
import { fileSessionStore } from '../credentials/session-file.ts';
import type { Settings } from '../settings/load-settings.ts';

/** Name of the user that exists on one's own machine alone. */
export const developerName = 'developer';

export const developerFolder = (dataFolder: string): string => join(dataFolder, 'developer');

/** Signs the seeded developer in, for every command that is run on this machine. */
export const signDeveloperIn = async (
  apiUrl: string,
  dataFolder: string,
  password: string,
): Promise<Session> => {
  const folder = developerFolder(dataFolder);
  return login({
    apiUrl,
    userName: developerName,
    password,
    key: await keptKey(folder),
    store: fileSessionStore(folder),
  });
};

const codeSeconds = 3600;
/** A page may sit in a tab for a while between reading its code and using it. */
const renewCodeAheadMs = 10 * 60_000;

/** Gives a join code of the project's module that holds for a while yet. */
export const joinCodes = (session: Session, { module, environment }: Settings): (() => Promise<string>) => {
  let current: Promise<JoinCode> | undefined;
  return async () => {
    const held = await current;
    if (held !== undefined && held.expiresAt - session.clock.now() > renewCodeAheadMs) return held.code;
    current = makeJoinCode(session, { module, environment, uses: 1000, ttlSeconds: codeSeconds });
    // A refusal is told to whoever asked; the next one asks anew.
    current.catch(() => {
      current = undefined;
    });
    return (await current).code;
  };
};
