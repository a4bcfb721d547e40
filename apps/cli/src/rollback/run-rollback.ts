import { branded, moduleOf, type Resource, type Target, type TargetView } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { CliError } from '../cli-error.ts';
import type { RollbackFlags } from '../commands/flags.ts';
import { askLine } from '../credentials/ask-password.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { shownTime } from '../history/shown-time.ts';
import { tellProposed } from '../proposals/propose.ts';
import { nearestFolder } from '../settings/find-project.ts';
import { loadSettings, type Settings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { followPush } from '../sync/follow-push.ts';
import type { Line } from '../sync/line.ts';
import { openLines } from '../sync/open-lines.ts';
import { RecipientNames } from '../sync/recipient-names.ts';
import { resolveTargets } from '../sync/resolve-targets.ts';
import { SyncPush } from '../sync/sync-push.ts';
import { describeTargets, targetsOf } from '../sync/target-of.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { onlyLine, requireOneRelay } from '../versions/only-line.ts';
import { resourceNamed } from '../versions/resource-named.ts';
import { versionName } from '../versions/version-name.ts';
import { goalOf } from './goal.ts';
import { makePlan, type Subject } from './make-plan.ts';
import type { Plan, PlannedFile } from './plan.ts';
import { refuseWhatCannot } from './refuse-what-cannot.ts';
import { inPushes, restoreInput } from './restore-inputs.ts';
import { planJson, tellPlan, type ToldPlan } from './tell-plan.ts';
import { verify } from './verify.ts';

/** `rollback <file or folder>`: plans, asks, pushes earlier versions as the next ones, and looks whether they are in place. */
export const runRollback = async (context: CliContext, flags: RollbackFlags, text: string): Promise<void> => {
  const goal = goalOf(flags.to, Date.now());
  const { settings } = await loadSettings(context, settingFlagsOf(flags), nearestFolder(context.cwd, text));
  requireOneRelay(settings);
  const resource = resourceNamed(settings, context.cwd, text);
  const talk = new Talk(context);
  await using lines = await openLines(context, settings, { isSender: !flags.dryRun, json: flags.json });
  const line = onlyLine(lines);
  const subject: Subject = { line, environment: settings.environment, resource };
  const addressed = async () => {
    const targets = await targetsFor(talk, settings, flags, line, resource);
    return { targets, runtimes: await runtimesAt(line, targets) };
  };
  // What was, and whom it concerns, are asked at the same time: somebody waits for the bad version to go away.
  const [plan, { targets, runtimes }] = await Promise.all([makePlan(context, subject, goal), addressed()]);
  refuseWhatCannot(plan);
  const pushes = inPushes(plan.files);
  const towards = describeTargets(targets, settings);
  const told: ToldPlan = {
    plan,
    pushes: pushes.length,
    environment: settings.environment,
    runtimes,
    towards,
  };
  if (flags.json) printJson(context, planJson(told, targets));
  if (plan.files.length === 0) {
    talk.say(`${resource} is as it was: there is nothing to roll back.`);
    return;
  }
  talk.say(flags.dryRun ? 'This would be rolled back:' : 'To be rolled back:');
  tellPlan(context, told);
  if (flags.dryRun) return;
  if (!flags.propose) await allow(context, flags);
  line.publisher.assume(settings.environment, plan.heads);
  if (flags.propose) {
    await propose(context, flags, { settings, line, resource, targets, pushes });
    return;
  }
  context.process.exitCode = await carryOut(context, flags, {
    settings,
    line,
    resource,
    targets,
    towards,
    plan,
    pushes,
  });
};

/** Everyone who runs the module, unless the command line or the project's settings say whom. */
const targetsFor = (
  talk: Talk,
  settings: Settings,
  { target = [], targets = [], group, label }: RollbackFlags,
  line: Line,
  resource: string,
): Promise<Target[]> => {
  const module = moduleOf(branded<Resource>(`${resource}/`));
  const named = targetsOf(settings, {
    target: [...target, ...targets.flatMap((text) => text.split(','))],
    ...(group === undefined ? {} : { group }),
    ...(label === undefined ? {} : { label }),
    ...(module === settings.module ? {} : { module }),
  });
  return resolveTargets(talk, [line], named);
};

/** Whoever is known to be addressed; undefined where an address says more than can be seen from here. */
const runtimesAt = async (
  { connection }: Line,
  targets: readonly Target[],
): Promise<readonly TargetView[] | undefined> => {
  const [only] = targets;
  if (targets.length !== 1 || only === undefined || !('select' in only)) return undefined;
  return (await connection.request('list-targets', { select: only.select })).targets;
};

/** @throws CliError where nobody said that it may be done. */
const allow = async (context: CliContext, { yes, json }: RollbackFlags): Promise<void> => {
  if (yes) return;
  const isAsked = context.process.stdin.isTTY === true && !json;
  const answer = isAsked ? await askLine(context, 'Roll it back? [y/N] ') : '';
  if (/^y(?:es)?$/iu.test(answer)) return;
  throw new CliError(
    'Nothing was rolled back.',
    isAsked ? {} : { next: 'To roll it back without being asked: --yes' },
  );
};

/** Puts it before others, who approve of it; in more than one proposal where it takes more than one push. */
const propose = async (
  context: CliContext,
  { json, silent = false }: RollbackFlags,
  { settings, line, resource, targets, pushes }: Omit<Work, 'towards' | 'plan'>,
): Promise<void> => {
  for (const files of pushes) {
    const patches = files.map(restoreInput);
    const request = { environment: settings.environment, targets, silent, patches };
    const proposed = await line.publisher.propose({ kind: 'patch', ...request });
    tellProposed(context, line, proposed, { what: describe(files, resource), json });
  }
};

interface Work {
  readonly settings: Settings;
  readonly line: Line;
  readonly resource: string;
  readonly targets: readonly Target[];
  readonly towards: string | undefined;
  readonly plan: Plan;
  readonly pushes: readonly (readonly PlannedFile[])[];
}

/** Pushes what is planned, push after push; the exit code is that of the worst. What is refused ends it. */
const carryOut = async (
  context: CliContext,
  { json, timeout: timeoutMs, silent = false }: RollbackFlags,
  { settings, line, resource, targets, towards, pushes }: Work,
): Promise<ExitCode> => {
  const { environment } = settings;
  const names = new RecipientNames([line]);
  let worst: ExitCode = exitCodes.ok;
  for (const [index, files] of pushes.entries()) {
    const initTime = Date.now();
    const patches = files.map(restoreInput);
    const push = SyncPush.over([line], (publisher, pushGuid) =>
      publisher.push({ environment, targets, silent, patches, initTime, pushGuid }),
    );
    await names.load();
    const exitCode = await followPush(context, push, {
      wait: 'completed',
      timeoutMs,
      json,
      what: describe(files, resource),
      towards,
      names,
      settings,
      lines: [line],
      isProposable: true,
    });
    const isAccepted = (await push.answers).accepted.length > 0;
    worst =
      isAccepted && exitCode === exitCodes.ok
        ? await verify(context, line, environment, files, { json, worst })
        : exitCode;
    if (isAccepted) continue;
    if (index > 0)
      new Talk(context).warn(
        `${index} of ${pushes.length} pushes are in place; this one and those after it are not.`,
      );
    return exitCode;
  }
  return worst;
};

const describe = (files: readonly PlannedFile[], resource: string): string => {
  const [first] = files;
  if (files.length !== 1 || first === undefined) return `rollback of ${files.length} files of ${resource}`;
  const { before } = first;
  const to =
    before === null
      ? 'before its first version'
      : `${versionName(before)} of ${shownTime(before.acceptedAt, Date.now())}`;
  return `rollback of ${first.resource} to ${to}`;
};
