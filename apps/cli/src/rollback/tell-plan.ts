import type { FileVersion, Target, TargetView } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { shownTime } from '../history/shown-time.ts';
import { shortGuid } from '../sync/short-ids.ts';
import { Talk } from '../talk/talk.ts';
import { versionName } from '../versions/version-name.ts';
import type { Plan, PlannedFile } from './plan.ts';

/** Files that are named; of more, how many more there are. */
const namedAtMost = 40;
/** Runtimes that are named. */
const runtimesNamed = 5;

export interface ToldPlan {
  readonly plan: Plan;
  /** How many pushes it takes. */
  readonly pushes: number;
  readonly environment: string;
  /** Runtimes that get it now or when they return; undefined where only the relay can tell. */
  readonly runtimes: readonly TargetView[] | undefined;
  /** To whom it goes, in words; undefined for all of the module in the environment. */
  readonly towards: string | undefined;
}

/** Tells people what a rollback will do: what goes from which version to which, and to whom. */
export const tellPlan = (
  context: CliContext,
  { plan: { files }, pushes, environment, runtimes, towards }: ToldPlan,
): void => {
  const now = Date.now();
  const talk = new Talk(context);
  for (const file of files.slice(0, namedAtMost)) talk.say(`  ${describeFile(file, now)}`);
  if (files.length > namedAtMost) talk.say(`  and ${files.length - namedAtMost} more`);
  talk.say(`  in ${environment}, at ${describeRuntimes(runtimes, towards)}`);
  if (pushes > 1)
    talk.tell(
      `That is more than one push takes: ${pushes} pushes, one after the other, each all or nothing.`,
    );
};

const describeFile = (file: PlannedFile, now: number): string =>
  `${file.resource}   ${versionName(file.now)} → ${describeGoal(file, now)}`;

const describeGoal = ({ before, from }: PlannedFile, now: number): string => {
  if (before === null) return 'before its first version: what the deployment serves of it, or nothing';
  const of = `${versionName(before)} of ${shownTime(before.acceptedAt, now)}, push ${shortGuid(before.pushGuid)}`;
  if (before.digest === null) return `deleted, as in ${of}`;
  return from === undefined ? of : `${of}; renamed back from ${from}`;
};

const describeRuntimes = (
  runtimes: readonly TargetView[] | undefined,
  towards: string | undefined,
): string => {
  if (runtimes === undefined) return towards ?? 'all of its runtimes';
  if (runtimes.length === 0) return 'no runtime: none has joined';
  const shown = runtimes
    .slice(0, runtimesNamed)
    .map(({ name, connected }) => (connected ? name : `${name} (away)`));
  const more = runtimes.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

/** The same as data. */
export const planJson = (
  { plan: { files }, pushes, environment, runtimes }: ToldPlan,
  targets: readonly Target[],
) => ({
  type: 'plan',
  environment,
  pushes,
  targets,
  runtimes: runtimes?.map(({ recipient, name, connected }) => ({ recipient, name, connected })) ?? null,
  files: files.map(({ resource, now, before, from }) => ({
    resource,
    ...(from === undefined ? {} : { renamedFrom: from }),
    now: shortJson(now),
    backTo: before === null ? null : shortJson(before),
  })),
});

const shortJson = (version: FileVersion) => {
  const { version: number, digest, pushGuid, acceptedAt, signer } = version;
  return { name: versionName(version), version: number, digest, pushGuid, acceptedAt, signer };
};
