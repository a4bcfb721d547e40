import type { FileVersion } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { CliError } from '../cli-error.ts';
import type { DiffFlags } from '../commands/flags.ts';
import { nearestFolder } from '../settings/find-project.ts';
import { loadSettings, type Settings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import type { Line } from '../sync/line.ts';
import { openLines } from '../sync/open-lines.ts';
import { Pen } from '../talk/pen.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { findVersion, requireVersionSpec, versionsOf } from '../versions/find-version.ts';
import { onlyLine, requireOneRelay } from '../versions/only-line.ts';
import { resourceNamed } from '../versions/resource-named.ts';
import { shownSize } from '../versions/version-name.ts';
import { compare, type Comparison } from './compare.ts';
import { diskSide } from './disk-side.ts';
import { noSide, versionSide, type Side } from './side.ts';
import { unified } from './unified.ts';
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
  if (flags.json) printJson(context, diffJson(line, settings, resource, sides, comparison));
  else show(context, resource, sides, comparison);
  tell(context, resource, sides, comparison, flags.pushed);
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

const show = (
  { screen, process: { stdout, env } }: CliContext,
  resource: string,
  sides: readonly [Side, Side],
  comparison: Comparison,
): void => {
  if (comparison.kind === 'text')
    screen.pass(unified(new Pen(stdout, env), resource, sides, comparison.hunks));
  else if (comparison.kind === 'other') screen.print(`${sides.map(summaryOf).join('\n')}\n`);
};

const summaryOf = ({ name, digest, bytes }: Side): string =>
  digest === null ? `${name}   not there` : `${name}   ${shownSize(bytes)}   ${digest}`;

const reasons = {
  binary: 'It is no text.',
  'too-large': 'It is too long to be compared line by line.',
  'too-different': 'Nearly nothing of it is as it was.',
} as const;

/** What the comparison itself does not say. */
const tell = (
  context: CliContext,
  resource: string,
  [from, to]: readonly [Side, Side],
  comparison: Comparison,
  isPushed: boolean,
): void => {
  const talk = new Talk(context);
  if (comparison.kind === 'gone') return;
  if (comparison.kind === 'same')
    talk.say(`${from.name} and ${to.name} of ${resource} are the same${isPushed ? ', as pushed' : ''}.`);
  if (comparison.kind === 'other') talk.say(reasons[comparison.reason]);
  if (comparison.form === 'pushed' && !isPushed)
    talk.tell('Of one of them the file as it was saved is not known: this is what was pushed, made of it.');
};

const diffJson = (
  line: Line,
  { environment }: Settings,
  resource: string,
  sides: readonly [Side, Side],
  comparison: Comparison,
) => {
  const [from, to] = sides.map(({ name, digest, bytes, version }) => ({
    name,
    version: version?.version ?? null,
    digest,
    bytes,
  }));
  const about = { type: 'diff', relay: line.name, environment, resource, from, to };
  switch (comparison.kind) {
    case 'text': {
      const { form, added, removed, hunks } = comparison;
      return { ...about, form, added, removed, diff: unified(plain, resource, sides, hunks) };
    }
    case 'same':
      return { ...about, form: comparison.form, added: 0, removed: 0, diff: '' };
    case 'other':
      return { ...about, form: comparison.form, reason: comparison.reason, diff: null };
    case 'gone':
      return { ...about, diff: null };
    default:
      return comparison satisfies never;
  }
};

/** Data has no colours. */
const plain: Pick<Pen, 'paint'> = { paint: (_format, text) => text };
