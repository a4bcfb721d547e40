import type { Target } from '@cd-push/protocol';

import { usageError } from '../cli-error.ts';
import type { ConfiguredTarget } from '../settings/project-config.ts';
import type { Settings } from '../settings/load-settings.ts';

/** Addresses given on the command line. */
export interface TargetFlags {
  readonly target?: readonly string[];
  readonly group?: readonly string[];
  readonly label?: readonly string[];
  readonly module?: string;
}

/**
 * Who gets what is sent: what the command line names, else what the settings name, else every runtime of the module in
 * the environment.
 */
export const targetsOf = (
  settings: Settings,
  { target = [], group = [], label = [], module }: TargetFlags = {},
): Target[] => {
  const everyone = { module: module ?? settings.module, environment: settings.environment };
  const named: Target[] = [...target.map((guid) => ({ guid })), ...group.map((name) => ({ group: name }))];
  if (label.length > 0)
    named.push({ select: { ...everyone, labels: Object.fromEntries(label.map(labelOf)) } });
  if (named.length > 0) return named;
  if (module !== undefined || settings.targets === undefined) return [{ select: everyone }];
  return settings.targets.map((configured) => targetOf(configured, everyone));
};

const targetOf = (
  configured: ConfiguredTarget,
  everyone: { module: string; environment: string },
): Target => {
  if ('guid' in configured || 'group' in configured || 'user' in configured) return configured;
  // What a selector leaves out means this project, not every other one as well.
  return { select: { ...everyone, ...configured } };
};

/** `name=value` of the command line. */
export const labelOf = (text: string): [string, string] => {
  const at = text.indexOf('=');
  if (at <= 0) throw usageError(`"${text}" is no label.`, 'Write it as name=value, e.g. --label floor=3');
  return [text.slice(0, at), text.slice(at + 1)];
};

/** Whom targets name, in a person's words; undefined where they are every runtime of the module in the environment. */
export const describeTargets = (
  targets: readonly Target[],
  { module, environment }: Settings,
): string | undefined => {
  const isEveryone = (target: Target): boolean =>
    'select' in target &&
    target.select.module === module &&
    target.select.environment === environment &&
    target.select.labels === undefined;
  return targets.every(isEveryone) ? undefined : targets.map(describeTarget).join('; ');
};

/** One address, in a person’s words. */
export const describeTarget = (target: Target): string => {
  if ('guid' in target) return `runtime ${target.guid}`;
  if ('group' in target) return `group ${target.group}`;
  if ('user' in target) return `user ${target.user}`;
  const { module, environment, labels } = target.select;
  const parts = [
    ...(module === undefined ? [] : [`module ${module}`]),
    ...(environment === undefined ? [] : [`environment ${environment}`]),
    ...Object.entries(labels ?? {}).map(([name, value]) => `${name}=${value}`),
  ];
  return parts.join(', ');
};
