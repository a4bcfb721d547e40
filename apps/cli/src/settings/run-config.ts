import { auditHeadsFolder } from '../audit/known-heads.ts';
import type { CliContext } from '../cli-context.ts';
import type { ConfigFlags } from '../commands/flags.ts';
import { configFolder } from '../credentials/config-folder.ts';
import { runningStack } from '../stack/state-file.ts';
import { loadSettings, type Settings } from './load-settings.ts';
import { settingFlagsOf } from './setting-flags.ts';

/** `config`: the settings as commands go by them, and where each came from. JSON, as it is data. */
export const runConfig = async (context: CliContext, flags: ConfigFlags): Promise<void> => {
  const { settings, sources, project } = await loadSettings(context, settingFlagsOf(flags));
  const stack = runningStack(settings.dataFolder);
  const shown = {
    ...(flags.sources ? withSources(settings, sources) : settings),
    configFile: project.configFile ?? null,
    credentialFolder: configFolder(context.process.env),
    auditHeadsFolder: auditHeadsFolder(context.process.env),
    runningStack:
      stack === undefined
        ? null
        : { pid: stack.pid, pageUrl: stack.pageUrl, apiUrl: stack.apiUrl, relayUrl: stack.relayUrl },
  };
  // What is not set is there too, as null: whoever reads this sees every setting that there is.
  const text = JSON.stringify(shown, (_key, value: unknown) => value ?? null, flags.json ? undefined : 2);
  context.process.stdout.write(`${text}\n`);
};

const withSources = (settings: Settings, sources: ReadonlyMap<string, string>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(settings).map(([name, value]: [string, unknown]) => [
      name,
      { value, from: sources.get(name) ?? 'default' },
    ]),
  );
