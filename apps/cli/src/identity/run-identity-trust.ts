import { isAddress } from '@cd-push/timeline';

import type { CliContext } from '../cli-context.ts';
import { usageError } from '../cli-error.ts';
import type { IdentityTrustFlags } from '../commands/flags.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
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
