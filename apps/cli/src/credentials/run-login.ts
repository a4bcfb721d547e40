import { userInfo } from 'node:os';

import { login, restoreSession } from '@cd-push/client';

import type { CliContext } from '../cli-context.ts';
import { CliError, usageError } from '../cli-error.ts';
import type { LoginFlags } from '../commands/flags.ts';
import { exitCodes } from '../exit-codes.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { askLine, askPassword } from './ask-password.ts';
import { credentialFolder } from './config-folder.ts';
import { credentialFiles } from './credential-files.ts';

/** `login [url]`: binds the identity of this machine to a user, and makes it where there is none. */
export const runLogin = async (context: CliContext, flags: LoginFlags, url?: string): Promise<void> => {
  const apiUrl = await apiUrlOf(context, url);
  const talk = new Talk(context);
  const folder = credentialFolder(context.process.env, apiUrl);
  const userName = flags.user ?? (await askName(context, apiUrl));
  const password = await askPassword(context, `Password of ${userName} at ${apiUrl}: `);
  const store = credentialFiles(folder);
  const session = await login({ apiUrl, userName, password, store, signal: context.signal });
  const { user, issuer, identity } = session.account;
  const { grants, mayPush } = await session.open();
  if (flags.json) printJson(context, { type: 'signed-in', apiUrl, issuer, user, identity, grants, mayPush });
  talk.say(`Signed in as ${talk.paint('bold', user.name)} at ${apiUrl}.`);
  talk.say(`Your identity on this machine is ${identity}.`);
  talk.say(`Its keys are in ${folder}; they never leave it. No password is needed from now on.`);
  if (!mayPush) talk.warn('This user may not push: it has neither the role nor a grant. Ask an admin.');
  else
    talk.say(
      `May push: ${grants.map(({ prefix, environments }) => `${prefix} (${environments.join(', ')})`).join('; ') || 'nothing yet'}`,
    );
};

/** `logout [url]`: ends the sessions of this machine's identity, and forgets here who is signed in. The identity stays. */
export const runLogout = async (context: CliContext, url?: string): Promise<void> => {
  const apiUrl = await apiUrlOf(context, url);
  const talk = new Talk(context);
  const folder = credentialFolder(context.process.env, apiUrl);
  const session = await restoreSession(credentialFiles(folder));
  if (session === undefined) {
    talk.say(`Nobody was signed in at ${apiUrl}.`);
    return;
  }
  await session.logout();
  talk.say(`Signed out at ${apiUrl}.`);
};

export const apiUrlOf = async (context: CliContext, url: string | undefined): Promise<string> => {
  const apiUrl = url ?? (await loadSettings(context)).settings.relays.remote?.apiUrl;
  if (apiUrl === undefined) {
    throw usageError(
      'Which api? None is configured here.',
      'cd-cli login https://api.example, or set relays.remote in cd-push.config.ts',
    );
  }
  if (!URL.canParse(apiUrl) || !/^https?:$/u.test(new URL(apiUrl).protocol))
    throw usageError(`${apiUrl} is no http or https URL.`);
  const { protocol, hostname: host } = new URL(apiUrl);
  if (protocol === 'http:' && !isThisMachine(host)) {
    throw new CliError(`${apiUrl} is not encrypted: a password does not travel there.`, {
      exitCode: exitCodes.usage,
      next: 'Use its https address.',
    });
  }
  return apiUrl.replace(/\/+$/u, '');
};

const isThisMachine = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/u.test(host);

const askName = async (context: CliContext, apiUrl: string): Promise<string> => {
  if (context.process.stdin.isTTY !== true) {
    throw usageError(
      'A user name is needed where nobody can be asked.',
      `cd-cli login ${apiUrl} --user name < password.txt`,
    );
  }
  const suggested = userInfo().username;
  return (await askLine(context, `User name at ${apiUrl} (${suggested}): `)) || suggested;
};
