import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { restoreSession, type Session } from '@cd-push/client';

import type { CliContext } from '../cli-context.ts';
import { usageError } from '../cli-error.ts';
import { askLine, askPassword } from '../credentials/ask-password.ts';
import { credentialFiles } from '../credentials/credential-files.ts';
import type { Settings } from '../settings/load-settings.ts';
import { networkNames } from './addresses.ts';
import { addFirstAdmin, signAdminIn, type Credentials } from './first-admin.ts';
import { localCertificate } from './local-certificate.ts';
import { stackIdentity } from './stack-identity.ts';
import { networkDataFolder, type Reach } from './start-stack.ts';
import { apiDataFile } from './start-services.ts';

/**
 * What a stack needs that others can reach: a certificate, and a person who signs in. There is no user from the start;
 * the first one is made here, with a password that is typed or piped in.
 */
export const networkReach = async (
  context: CliContext,
  settings: Settings,
  admin: string | undefined,
): Promise<Reach> => {
  const dataFolder = networkDataFolder(settings);
  stackIdentity(dataFolder);
  const names = networkNames();
  const certificate = await localCertificate(join(dataFolder, 'certificate'), names);
  const credentials = join(dataFolder, 'developer');
  const store = credentialFiles(credentials);
  const dataFile = apiDataFile(dataFolder);
  const isNew = !existsSync(dataFile);
  const kept = isNew ? undefined : await store.account();
  const typed = kept === undefined || admin !== undefined ? await ask(context, admin, isNew) : undefined;
  if (isNew && typed !== undefined) await addFirstAdmin(dataFile, typed);

  const signIn = async (apiUrl: string): Promise<Session> => {
    if (typed !== undefined) return signAdminIn(apiUrl, credentials, typed);
    const account = await store.account();
    // The port may be another one than last time.
    if (account !== undefined) await store.keepAccount({ ...account, apiUrl });
    const session = await restoreSession(store);
    if (session === undefined)
      throw usageError('Nobody is signed in here.', 'cd-cli up --host --admin <name>');
    await session.open();
    return session;
  };
  return { kind: 'network', names, certificate, dataFolder, signIn, credentials };
};

const ask = async (context: CliContext, admin: string | undefined, isNew: boolean): Promise<Credentials> => {
  const isTerminal = context.process.stdin.isTTY === true;
  if (admin === undefined && !isTerminal) {
    throw usageError(
      'A stack that others can reach has no user from the start.',
      'Name its admin and pipe the password in: cd-cli up --host --admin ada < password.txt',
    );
  }
  const userName = admin ?? (await askLine(context, isNew ? 'Name of the first admin: ' : 'Sign in as: '));
  const password = await askPassword(
    context,
    isNew ? `A new password for ${userName} (12 characters or more): ` : `Password of ${userName}: `,
  );
  return { userName, password };
};
