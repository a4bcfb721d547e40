import type { FileVersion } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { CliError } from '../cli-error.ts';
import type { DiffFlags } from '../commands/flags.ts';
import { nearestFolder } from '../settings/find-project.ts';
import { loadSettings, type Settings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import type { Line } from '../sync/line.ts';
import { openLines } from '../sync/open-lines.ts';
import { printJson } from '../talk/print-json.ts';
import { findVersion, requireVersionSpec, versionsOf } from '../versions/find-version.ts';
import { onlyLine, requireOneRelay } from '../versions/only-line.ts';
import { resourceNamed } from '../versions/resource-named.ts';
import { compare } from './compare.ts';
import { diskSide } from './disk-side.ts';
import { comparisonJson, showComparison, tellComparison } from './show-comparison.ts';
import { noSide, versionSide, type Side } from './side.ts';
import { versionReads } from './version-reads.ts';

/** `diff <file>`: what one version of a file, or the file on the disk, differs in from another. */
export const runDiff = async (context: CliContext, flags: DiffFlags, text: string): Promise<void> => {
  const { settings } = await loadSettings(context, settingFlagsOf(flags), nearestFolder(context.cwd, text));
  requireOneRelay(settings);
  const resource = resourceNamed(settings, context.cwd, text);
  await using lines = await openLines(context, settings);
  const line = onlyLine(lines);
  const sides = await sidesOf(context, flags, { settings, line, resource });
  const comparison = await compare(...sides, flags.pushed);
  if (comparison.kind === 'gone') {
    throw new CliError(`not-found: the content of ${comparison.side.name} of ${resource} was let go of.`, {
      next: `See which are kept: cd-cli history ${resource}`,
    });
  }
  const { environment } = settings;
  if (flags.json)
    printJson(context, {
      type: 'diff',
      relay: line.name,
      environment,
      ...comparisonJson(resource, sides, comparison),
    });
  else showComparison(context, resource, sides, comparison);
  tellComparison(context, resource, sides, comparison, flags.pushed);
};

interface Place {
  readonly settings: Settings;
  readonly line: Line;
  readonly resource: string;
}

/**
 * What is compared with what. Left out, the later one is the version in place, and the earlier one the version before it;
 * what is on the disk is compared with the version in place.
 */
const sidesOf = async (
  { signal }: CliContext,
  { from, to }: DiffFlags,
  { settings, line, resource }: Place,
): Promise<[Side, Side]> => {
  const { environment } = settings;
  const reads = versionReads(line, environment, signal);
  const all = (): AsyncIterable<FileVersion> => versionsOf(line, environment, resource, signal);
  const named = async (text: string): Promise<Side> =>
    versionSide(await findVersion(all(), requireVersionSpec(text), resource), reads);
  const [inPlace] = await firstOf(all(), 1);
  if (inPlace === undefined)
    throw new CliError(`Nothing was ever pushed of ${resource} in ${environment}.`, {
      next: `See what was: cd-cli history`,
    });
  if (to === 'disk') {
    const before = from === undefined ? versionSide(inPlace, reads) : await named(from);
    return [before, diskSide(settings, resource)];
  }
  const after = to === undefined ? versionSide(inPlace, reads) : await named(to);
  if (from !== undefined) return [await named(from), after];
  const [before] = await firstOf(below(all(), after.version?.version ?? 0), 1);
  return [before === undefined ? noSide : versionSide(before, reads), after];
};

async function* below(versions: AsyncIterable<FileVersion>, limit: number): AsyncGenerator<FileVersion> {
  for await (const one of versions) if (one.version < limit) yield one;
}

const firstOf = async <Value>(values: AsyncIterable<Value>, count: number): Promise<Value[]> => {
  const found: Value[] = [];
  for await (const value of values) {
    found.push(value);
    if (found.length === count) break;
  }
  return found;
};
