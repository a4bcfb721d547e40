import { isAbsolute, join, resolve } from 'node:path';

import { Check } from 'typebox/value';

import type { CliContext } from '../cli-context.ts';
import { usageError } from '../cli-error.ts';
import { configFault } from './config-faults.ts';
import { findProject, moduleNameOf, type FoundProject } from './find-project.ts';
import { importConfig } from './import-config.ts';
import {
  ProjectConfigSchema,
  syncModes,
  syncTriggers,
  type ConfiguredTarget,
  type ProjectConfig,
  type SyncMode,
  type SyncTrigger,
} from './project-config.ts';

/** Where an api and its relay are; a relay that is not named is asked for at the api. */
export interface RelayAddress {
  readonly apiUrl: string;
  readonly relayUrl: string | undefined;
}

/** Everything that commands go by, with nothing left open. */
export interface Settings {
  readonly module: string;
  readonly root: string;
  readonly environment: string;
  readonly syncAtSave: boolean;
  readonly syncSilent: boolean;
  readonly syncMode: SyncMode;
  readonly syncTrigger: SyncTrigger;
  /** Undefined stands for every runtime of the module in the environment. */
  readonly targets: readonly ConfiguredTarget[] | undefined;
  readonly relays: { readonly local: RelayAddress | undefined; readonly remote: RelayAddress | undefined };
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly jsxImportSource: string | undefined;
  readonly legacyDecorators: boolean;
  readonly dataFolder: string;
}

/** What a command line says about settings; it goes before everything else. */
export type SettingFlags = Partial<
  Pick<Settings, 'environment' | 'syncMode' | 'syncSilent' | 'syncTrigger'>
> & {
  readonly apiUrl?: string | undefined;
  readonly dataFolder?: string | undefined;
};

type Source = 'flag' | 'environment' | 'file' | 'default';

export interface LoadedSettings {
  readonly settings: Settings;
  readonly project: FoundProject;
  /** Which of flags, environment variables, file and defaults each setting came from. */
  readonly sources: ReadonlyMap<keyof Settings, Source>;
}

/** What settings are read from besides files. */
export interface Surroundings extends Pick<CliContext, 'cwd'> {
  readonly process: Pick<CliContext['process'], 'env'>;
}

/**
 * Reads the settings of the project that `from` lies in. A flag goes before an environment variable, that before the
 * file, that before the default.
 */
export const loadSettings = async (
  { process: { env }, cwd }: Surroundings,
  flags: SettingFlags = {},
  from = cwd,
): Promise<LoadedSettings> => {
  const project = findProject(from);
  const { folder } = project;
  const file = project.configFile === undefined ? {} : await readConfig(project.configFile);
  const given = fromEnvironment(env);
  const sources = new Map<keyof Settings, Source>();
  const choose = <Value>(
    name: keyof Settings,
    flag: Value | undefined,
    variable: Value | undefined,
    inFile: Value | undefined,
    otherwise: Value,
  ): Value => {
    const candidates = [
      ['flag', flag],
      ['environment', variable],
      ['file', inFile],
    ] as const;
    const [source, value] = candidates.find(([, candidate]) => candidate !== undefined) ?? [
      'default',
      otherwise,
    ];
    sources.set(name, source);
    return value ?? otherwise;
  };
  const within = (path: string): string => (isAbsolute(path) ? path : resolve(folder, path));
  const settings: Settings = {
    module: choose('module', undefined, undefined, file.module, moduleNameOf(folder)),
    root: choose(
      'root',
      undefined,
      undefined,
      file.root === undefined ? undefined : within(file.root),
      folder,
    ),
    environment: choose('environment', flags.environment, given.environment, file.environment, 'development'),
    syncAtSave: choose('syncAtSave', undefined, given.syncAtSave, file.syncAtSave, true),
    syncSilent: choose('syncSilent', flags.syncSilent, given.syncSilent, file.syncSilent, false),
    syncMode: choose('syncMode', flags.syncMode, given.syncMode, file.syncMode, 'local'),
    syncTrigger: choose('syncTrigger', flags.syncTrigger, given.syncTrigger, file.syncTrigger, 'file-save'),
    targets: choose('targets', undefined, undefined, file.targets, undefined),
    relays: choose('relays', undefined, undefined, undefined, {
      local: addressOf(file.relays?.local),
      remote: addressOf(flags.apiUrl ?? given.apiUrl ?? file.relays?.remote, given.relayUrl),
    }),
    include: choose('include', undefined, undefined, file.include, []),
    exclude: choose('exclude', undefined, undefined, file.exclude, []),
    jsxImportSource: choose('jsxImportSource', undefined, undefined, file.jsxImportSource, undefined),
    legacyDecorators: choose('legacyDecorators', undefined, undefined, file.legacyDecorators, false),
    dataFolder: choose(
      'dataFolder',
      flags.dataFolder === undefined ? undefined : resolve(cwd, flags.dataFolder),
      given.dataFolder === undefined ? undefined : resolve(cwd, given.dataFolder),
      file.dataFolder === undefined ? undefined : within(file.dataFolder),
      join(folder, '.cd-push'),
    ),
  };
  if (`${settings.root}/`.startsWith(`${settings.dataFolder}/`))
    throw usageError(
      `The data folder ${settings.dataFolder} holds the program itself; its files are never served or pushed.`,
      'Name a folder of its own, for example .cd-push',
    );
  const relaySource: Source =
    flags.apiUrl !== undefined
      ? 'flag'
      : given.apiUrl !== undefined
        ? 'environment'
        : file.relays !== undefined
          ? 'file'
          : 'default';
  return {
    settings,
    project,
    sources: sources.set('relays', relaySource),
  };
};

const readConfig = async (file: string): Promise<ProjectConfig> => {
  let loaded: unknown;
  try {
    loaded = await importConfig(file);
  } catch (error) {
    throw usageError(
      `${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      'Correct the file, or start it anew with `export default {}`.',
    );
  }
  const config: unknown =
    typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : undefined;
  if (config === undefined)
    throw usageError(`${file} has no default export.`, 'Write `export default defineConfig({ … })`.');
  if (Check(ProjectConfigSchema, config)) return config;
  const { sentence, next } = configFault(config);
  throw usageError(`${file}: ${sentence}.`, next);
};

const addressOf = (
  relay: string | { apiUrl: string; relayUrl?: string } | undefined,
  relayUrl?: string,
): RelayAddress | undefined => {
  if (relay === undefined) return undefined;
  const { apiUrl, relayUrl: named } =
    typeof relay === 'string' ? { apiUrl: relay, relayUrl: undefined } : relay;
  return { apiUrl: apiUrl.replace(/\/+$/u, ''), relayUrl: relayUrl ?? named };
};

/** Settings by environment variables, `CD_PUSH_…`. */
const fromEnvironment = (env: Readonly<Record<string, string | undefined>>) => ({
  environment: env.CD_PUSH_ENVIRONMENT,
  syncAtSave: flagOf(env, 'CD_PUSH_SYNC_AT_SAVE'),
  syncSilent: flagOf(env, 'CD_PUSH_SYNC_SILENT'),
  syncMode: oneOf(env, 'CD_PUSH_SYNC_MODE', syncModes),
  syncTrigger: oneOf(env, 'CD_PUSH_SYNC_TRIGGER', syncTriggers),
  apiUrl: env.CD_PUSH_API_URL,
  relayUrl: env.CD_PUSH_RELAY_URL,
  dataFolder: env.CD_PUSH_DATA,
});

const flagOf = (env: Readonly<Record<string, string | undefined>>, name: string): boolean | undefined => {
  const value = oneOf(env, name, ['true', 'false', '1', '0']);
  return value === undefined ? undefined : value === 'true' || value === '1';
};

const oneOf = <Value extends string>(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  values: readonly Value[],
): Value | undefined => {
  const given = env[name];
  if (given === undefined || given === '') return undefined;
  const value = values.find((candidate) => candidate === given);
  if (value === undefined) throw usageError(`${name} is "${given}".`, `It may be ${values.join(', ')}.`);
  return value;
};
