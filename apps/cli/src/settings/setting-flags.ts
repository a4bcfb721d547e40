import type { SettingFlags } from './load-settings.ts';
import type { SyncMode, SyncTrigger } from './project-config.ts';

/** Flags as they are written on the command line, by the settings that they stand for. */
export const settingFlagsOf = (flags: {
  readonly environment?: string;
  readonly mode?: SyncMode;
  readonly silent?: boolean;
  readonly trigger?: SyncTrigger;
  readonly data?: string;
}): SettingFlags => ({
  ...(flags.environment === undefined ? {} : { environment: flags.environment }),
  ...(flags.mode === undefined ? {} : { syncMode: flags.mode }),
  ...(flags.silent === undefined ? {} : { syncSilent: flags.silent }),
  ...(flags.trigger === undefined ? {} : { syncTrigger: flags.trigger }),
  ...(flags.data === undefined ? {} : { dataFolder: flags.data }),
});
