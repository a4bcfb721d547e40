import { join } from 'node:path';

import { login, makeJoinCode, type Session } from '@cd-push/client';
import type { JoinCode } from '@cd-push/protocol';

import { credentialFiles } from '../credentials/credential-files.ts';
import { trustedIdentities } from '../identity/trusted-identities.ts';
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
  const store = credentialFiles(developerFolder(dataFolder));
  return login({ apiUrl, userName: developerName, password, store });
};

const codeSeconds = 3600;
/** A page may sit in a tab for a while between reading its code and using it. */
const renewCodeAheadMs = 10 * 60_000;

/** Gives a join code of the project's module that holds for a while yet. */
export const joinCodes = (
  session: Session,
  { module, environment, dataFolder }: Settings,
): (() => Promise<string>) => {
  let current: Promise<JoinCode> | undefined;
  return async () => {
    const held = await current;
    if (held !== undefined && held.expiresAt - session.clock.now() > renewCodeAheadMs) return held.code;
    const identities = trustedIdentities(dataFolder);
    const wanted = { module, environment, uses: 1000, ttlSeconds: codeSeconds };
    current = makeJoinCode(session, identities === undefined ? wanted : { ...wanted, identities });
    // A refusal is told to whoever asked; the next one asks anew.
    current.catch(() => {
      current = undefined;
    });
    return (await current).code;
  };
};
