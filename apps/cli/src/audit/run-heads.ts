import type { CliContext } from '../cli-context.ts';
import { usageError } from '../cli-error.ts';
import type { AuditHeadsFlags } from '../commands/flags.ts';
import { credentialFolder } from '../credentials/config-folder.ts';
import { credentialFiles } from '../credentials/credential-files.ts';
import { loadSettings, type Settings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { developerFolder } from '../stack/developer.ts';
import { runningStack } from '../stack/state-file.ts';
import { Talk } from '../talk/talk.ts';
import { lineOfHead } from './audit-file.ts';
import { knownHeads, type KnownHeads } from './known-heads.ts';

/** `audit heads`: where the chains stood that this machine has seen, for whoever is to verify an export elsewhere. */
export const runAuditHeads = async (context: CliContext, flags: AuditHeadsFlags): Promise<void> => {
  const known = await knownHere(context, flags);
  if (known === undefined) {
    const talk = new Talk(context);
    talk.say('No head of an audit was seen on this machine yet.');
    talk.next('They are kept wherever pushes are observed or the audit is exported: cd-cli observe');
    return;
  }
  for (const { signed, head } of known.heads)
    context.screen.print(
      `${flags.json ? lineOfHead(signed) : `${head.node}:${head.sequence}:${head.hash}`}\n`,
    );
};

/** Of one installation: chains of another would be missed in its exports. */
const knownHere = async (context: CliContext, flags: AuditHeadsFlags): Promise<KnownHeads | undefined> => {
  const all = knownHeads(context.process.env);
  if (all.length <= 1) return all[0];
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  const session = await sessionOf(context, settings);
  const known = all.find(({ issuer, tenant }) => issuer === session?.issuer && tenant === session.tenant);
  if (known !== undefined) return known;
  throw usageError(
    `Heads of ${all.length} installations were seen here, and it is not known which is meant.`,
    'Say it by --mode and --data, in the folder of a project that belongs to it.',
  );
};

const sessionOf = async ({ process: { env } }: CliContext, { syncMode, relays, dataFolder }: Settings) => {
  if (syncMode !== 'local') {
    const address = relays.remote;
    return address && credentialFiles(credentialFolder(env, address.apiUrl)).account();
  }
  // Also where the stack does not run now.
  return credentialFiles(runningStack(dataFolder)?.credentials ?? developerFolder(dataFolder)).account();
};
