import type { Settings } from '../settings/load-settings.ts';
import { runningStack } from '../stack/state-file.ts';

/**
 * Why a push has no recipient, and what brings one.
 *
 * @param towards whom the push was for, in words; undefined for every runtime of the module in the environment.
 */
export const explainNobody = (
  settings: Settings,
  towards: string | undefined,
): { readonly sentence: string; readonly next: string } => {
  const { module, environment, dataFolder, syncMode } = settings;
  if (towards !== undefined)
    return {
      sentence: `Nothing matched: ${towards}.`,
      next: 'See which runtimes there are: cd-cli targets --all',
    };
  const page = syncMode === 'remote' ? undefined : runningStack(dataFolder)?.pageUrl;
  return {
    sentence: `No runtime of ${module} in ${environment} has joined yet, so nobody got it.`,
    next:
      page === undefined
        ? 'Let a runtime join: cd-cli join-code'
        : `Open the page, ${page}, or let a runtime join: cd-cli join-code`,
  };
};
