import { listChanges, listVersions } from '@cd-push/client';
import { limits, type FileVersion, type GetChanges, type PushedHead } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { CliError, usageError } from '../cli-error.ts';
import { knownPushes } from '../sync/known-pushes.ts';
import type { Line } from '../sync/line.ts';
import { resolvePush } from '../sync/resolve-push.ts';
import { findVersion, versionsOf, type VersionSpec } from '../versions/find-version.ts';
import type { Goal } from './goal.ts';
import { namesIn, planOf, type Plan, type Wanted } from './plan.ts';
import { stepBack } from './step-back.ts';

/** What is to be rolled back. */
export interface Subject {
  readonly line: Line;
  readonly environment: string;
  /** A file, or a folder or module with all that is in it. */
  readonly resource: string;
}

/** How often a plan is made anew because something was pushed meanwhile. */
const triesAtMost = 5;

/**
 * Reads what has to be done for a rollback, and what is in place of all that it touches.
 *
 * @throws CliError where there is nothing to go back to.
 */
export const makePlan = async (context: CliContext, subject: Subject, goal: Goal): Promise<Plan> => {
  for (let tries = 1; ; tries += 1) {
    const plan = planOf(await wantedOf(context, subject, goal));
    const heads = await headsOf(subject, namesIn(plan.files), context.signal);
    const versions = new Map(heads.map(({ resource, version }) => [resource, version]));
    const isCurrent = plan.files.every(({ now }) => versions.get(now.resource) === now.version);
    if (isCurrent) return { ...plan, heads };
    if (tries === triesAtMost)
      throw new CliError(`${subject.resource} is being pushed all the time.`, {
        next: 'Try again in a moment.',
      });
  }
};

const headsOf = async (
  { line: { connection }, environment }: Subject,
  names: readonly string[],
  signal: AbortSignal,
): Promise<PushedHead[]> => {
  const found: PushedHead[] = [];
  for (let start = 0; start < names.length; start += limits.headQuery) {
    const resources = names.slice(start, start + limits.headQuery);
    found.push(...(await connection.request('get-heads', { environment, resources }, { signal })).heads);
  }
  return found;
};

const wantedOf = async (context: CliContext, subject: Subject, goal: Goal): Promise<readonly Wanted[]> => {
  const { line, environment, resource } = subject;
  const since = (place: GetChanges['since'], prefix = resource): Promise<Wanted[]> =>
    listChanges(line.connection, { environment, prefix, since: place }, { signal: context.signal });
  switch (goal.kind) {
    case 'step-back': {
      const step = await stepBack(versionsUnder(subject, context.signal));
      const [first] = step;
      if (first === undefined) throw nothingBefore(subject);
      const names = new Set(step.map((version) => version.resource));
      const changed = await since({ offset: first.offset - 1 });
      return changed.filter(({ now }) => names.has(now.resource));
    }
    case 'version':
      return [await oneVersion(subject, goal.spec, context.signal)];
    case 'push': {
      const guid = await resolvePush(context, [line], goal.guid);
      const [known] = await knownPushes([line], guid);
      if (known?.view.environment !== environment)
        throw usageError(
          `Push ${goal.guid} went to ${known?.view.environment ?? 'another environment'}, not to ${environment}.`,
          `Say which is meant: --environment`,
        );
      return since({ offset: known.view.offset });
    }
    case 'time':
      return since({ at: goal.at });
    default:
      return goal satisfies never;
  }
};

/** Of a file all versions that are known; of a folder those whose pushes are kept. */
async function* versionsUnder(
  { line, environment, resource }: Subject,
  signal: AbortSignal,
): AsyncGenerator<FileVersion, void, undefined> {
  let isFile = false;
  for await (const version of versionsOf(line, environment, resource, signal)) {
    isFile = true;
    yield version;
  }
  if (isFile) return;
  const query = { environment, prefix: resource };
  for await (const { versions } of listVersions(line.connection, query, { signal })) yield* versions;
}

const oneVersion = async (
  { line, environment, resource }: Subject,
  spec: VersionSpec,
  signal: AbortSignal,
): Promise<Wanted> => {
  const versions = (): AsyncIterable<FileVersion> => versionsOf(line, environment, resource, signal);
  for await (const now of versions())
    return { now, before: await findVersion(versions(), spec, resource), forgotten: false };
  throw new CliError(`${resource} is no file that was ever pushed to ${environment}.`, {
    next: 'A version is one of a file. Of a folder say how it is to be by a push or a time: --to 4f0c6a52, --to 14:30',
  });
};

const nothingBefore = ({ resource, environment }: Subject): CliError =>
  new CliError(`There is no push of ${resource} in ${environment} that is not taken back already.`, {
    next: `See what there was: cd-cli history ${resource}`,
  });
