import type { Target } from '@cd-push/protocol';

import { usageError } from '../cli-error.ts';
import type { PolicySetFlags } from '../commands/flags.ts';
import type { Settings } from '../settings/load-settings.ts';
import { shortGuid } from '../sync/short-ids.ts';
import { labelOf } from '../sync/target-of.ts';

/** Stands for every runtime of the project's module in the environment. */
const everyone = 'all';

/**
 * The one address that a policy is set for.
 *
 * @throws CliError where none was named, or several.
 */
export const policyAddress = (
  { module, environment }: Settings,
  { group = [], label = [] }: Pick<PolicySetFlags, 'group' | 'label'>,
  runtime: string | undefined,
): Target => {
  const named: Target[] = group.map((name) => ({ group: name }));
  if (label.length > 0)
    named.push({ select: { module, environment, labels: Object.fromEntries(label.map(labelOf)) } });
  if (runtime !== undefined)
    named.push(runtime === everyone ? { select: { module, environment } } : { guid: runtime });
  const [address] = named;
  if (address !== undefined && named.length === 1) return address;
  throw usageError(
    address === undefined ? 'For which runtimes?' : 'A policy has one address; several have one each.',
    `Name a runtime as "targets" shows it, "${everyone}" for every one of ${module} in ${environment}, --group or --label.`,
  );
};

/** An address as it is written on a command line of `policy set`. */
export const addressWords = (target: Target, { module, environment }: Settings): string | undefined => {
  if ('guid' in target) return shortGuid(target.guid);
  if ('group' in target) return `--group ${target.group}`;
  if ('user' in target) return undefined;
  const { labels = {}, ...place } = target.select;
  if (place.module !== module || place.environment !== environment) return undefined;
  const pairs = Object.entries(labels);
  return pairs.length === 0 ? everyone : pairs.map(([name, value]) => `--label ${name}=${value}`).join(' ');
};
