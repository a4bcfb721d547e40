import { isAddress } from '@cd-push/timeline';

import type { CliContext } from '../cli-context.ts';
import { CliError, usageError } from '../cli-error.ts';
import type { IdentityTrustFlags } from '../commands/flags.ts';
import { askLine } from '../credentials/ask-password.ts';
import { credentialFolder } from '../credentials/config-folder.ts';
import { credentialFiles } from '../credentials/credential-files.ts';
import { loadSettings, type Settings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { developerFolder } from '../stack/developer.ts';
import { makeDataFolder } from '../stack/stack-identity.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { keepTrusted, trustedIdentities } from './trusted-identities.ts';

/** `identity trust`: whom runtimes believe that join by a code of this project. */
export const runIdentityTrust = async (
  context: CliContext,
  flags: IdentityTrustFlags,
  ...identities: readonly string[]
): Promise<void> => {
  if (flags.any && identities.length > 0)
    throw usageError('Either these identities or any.', 'Leave --any out, or the identities.');
  const unfit = identities.find((identity) => !isAddress(identity));
  if (unfit !== undefined)
    throw usageError(
      `"${unfit}" is not the address of an identity.`,
      'It is what "cd-cli identity show" prints.',
    );
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  const { dataFolder, module } = settings;
  if (flags.any || identities.length > 0) {
    await allow(context, flags, await foreignAmong(context, settings, identities), module);
    makeDataFolder(dataFolder);
    keepTrusted(dataFolder, flags.any ? undefined : identities);
  }
  const trusted = trustedIdentities(dataFolder);
  if (flags.json) {
    printJson(context, { type: 'trust', module, identities: trusted ?? null });
    return;
  }
  for (const identity of trusted ?? []) context.screen.print(`${identity}\n`);
  new Talk(context).tell(
    trusted === undefined
      ? `Runtimes of ${module} that join from now on believe every identity that the issuer certifies.`
      : `Runtimes of ${module} that join from now on believe ${trusted.length === 1 ? 'this identity' : 'these identities'} alone. Those that have joined stay as they are.`,
  );
};

/** Those that are neither this machine's own nor believed already: of these it was never asked. */
const foreignAmong = async (
  { process: { env } }: CliContext,
  { dataFolder, relays }: Settings,
  identities: readonly string[],
): Promise<readonly string[]> => {
  const apis = Object.values(relays).flatMap((relay) => (relay === undefined ? [] : [relay.apiUrl]));
  const folders = [developerFolder(dataFolder), ...apis.map((apiUrl) => credentialFolder(env, apiUrl))];
  const own = await Promise.all(folders.map((folder) => credentialFiles(folder).identity()));
  const known = new Set([...(trustedIdentities(dataFolder) ?? []), ...own.map((kept) => kept?.identity)]);
  return identities.filter((identity) => !known.has(identity));
};

/** @throws CliError where nobody said that somebody else's code shall run. */
const allow = async (
  context: CliContext,
  { yes, json }: IdentityTrustFlags,
  foreign: readonly string[],
  module: string,
): Promise<void> => {
  if (yes || foreign.length === 0) return;
  const isAsked = context.process.stdin.isTTY === true && !json;
  const who =
    foreign.length === 1
      ? 'It is not this machine’s. What it signs'
      : 'They are not this machine’s. What they sign';
  const question = `${foreign.join('\n')}\n${who} will run in every runtime of ${module} that joins from now on. Believe ${foreign.length === 1 ? 'it' : 'them'}? [y/N] `;
  if (/^y(?:es)?$/iu.test(isAsked ? await askLine(context, question) : '')) return;
  const nothing = 'Whom runtimes believe stays as it was.';
  if (isAsked) throw new CliError(nothing);
  throw usageError(nothing, `To believe ${foreign.join(' ')} without being asked: --yes`);
};
