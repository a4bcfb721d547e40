import type { Policy, TargetView } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { usageError } from '../cli-error.ts';
import type { PolicyFlags, PolicySetFlags } from '../commands/flags.ts';
import { shownTime } from '../history/shown-time.ts';
import { loadSettings, type Settings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import type { Line } from '../sync/line.ts';
import { openLines } from '../sync/open-lines.ts';
import { RecipientNames } from '../sync/recipient-names.ts';
import { resolveTargets } from '../sync/resolve-targets.ts';
import { describeTarget } from '../sync/target-of.ts';
import { printJson } from '../talk/print-json.ts';
import { printTable } from '../talk/print-table.ts';
import { Talk } from '../talk/talk.ts';
import { concernedBy } from './concerned.ts';
import { addressWords, policyAddress } from './policy-address.ts';

/** `policy list`: what holds where, and whom it concerns. */
export const runPolicyList = async (context: CliContext, flags: PolicyFlags): Promise<void> => {
  const settings = await settingsFor(context, flags);
  await using lines = await openLines(context, settings);
  const found = (
    await Promise.all(
      lines.all.map(async (line) => {
        const [{ policies }, { targets }] = await Promise.all([
          line.connection.request('get-policies', {}),
          line.connection.request('list-targets', {}),
        ]);
        return policies.map((policy) => ({ line, policy, concerned: concernedBy(policy.target, targets) }));
      }),
    )
  ).flat();
  if (flags.json) {
    for (const { line, policy, concerned } of found) printJson(context, policyJson(line, policy, concerned));
    return;
  }
  if (found.length === 0) {
    const talk = new Talk(context);
    talk.say('No policy holds: whatever is pushed is sent at once, and shown.');
    talk.next('What a policy can say, and of whom: cd-cli policy set --help');
    return;
  }
  const names = new RecipientNames(lines.all);
  await names.load();
  const now = Date.now();
  const isHybrid = lines.all.length > 1;
  printTable(
    context,
    ['for', 'rule', ...(isHybrid ? ['relay'] : []), 'set', 'by', 'concerns'],
    found.map(({ line, policy, concerned }) => [
      describePolicyTarget(policy, names),
      describeRule(policy),
      ...(isHybrid ? [line.name] : []),
      shownTime(policy.at, now),
      policy.by === line.session.account.user.subject ? line.session.account.user.name : policy.by,
      describeConcerned(concerned, names),
    ]),
  );
};

/** `policy set`: changes what holds for the runtimes of an address; what is not named stays. */
export const runPolicySet = async (
  context: CliContext,
  flags: PolicySetFlags,
  runtime?: string,
): Promise<void> => {
  const { hold, silent, mode } = flags;
  if (hold === undefined && silent === undefined && mode === undefined)
    throw usageError(
      'What shall hold there?',
      'Say one or more of --hold, --no-hold, --silent, --no-silent and --mode local|remote|hybrid.',
    );
  const settings = await settingsFor(context, flags);
  const named = policyAddress(settings, flags, runtime);
  await using lines = await openLines(context, settings);
  const talk = new Talk(context);
  const [target = named] = await resolveTargets(talk, lines.all, [named]);
  const names = new RecipientNames(lines.all);
  await names.load();
  for (const line of lines.all) {
    const { policy } = await line.connection.request('set-policy', {
      target,
      ...(hold === undefined ? {} : { hold }),
      ...(silent === undefined ? {} : { silent }),
      ...(mode === undefined ? {} : { mode }),
    });
    const { targets } = await line.connection.request('list-targets', {});
    const concerned = concernedBy(target, targets);
    if (flags.json) printJson(context, policyJson(line, policy, concerned));
    else {
      talk.say(`${talk.paint('bold', describePolicyTarget(policy, names))}: ${describeRule(policy)}`);
      if (concerned !== undefined) talk.tell(`Concerns ${describeConcerned(concerned, names)}.`);
    }
    if (policy.hold && hold === true) {
      const words = addressWords(policy.target, settings);
      talk.tell('What is pushed to them is accepted, and waits at the relay until this is lifted.');
      if (words !== undefined) talk.next(`Lift it: cd-cli policy set ${words} --no-hold`);
    }
  }
};

/** `--mode` is the policy's own; which relay it is set at is said by `--relay`. */
const settingsFor = async (
  context: CliContext,
  { relay, ...flags }: PolicyFlags & { readonly environment?: string },
): Promise<Settings> => {
  const { settings } = await loadSettings(
    context,
    settingFlagsOf({
      ...(flags.data === undefined ? {} : { data: flags.data }),
      ...(flags.environment === undefined ? {} : { environment: flags.environment }),
      ...(relay === undefined ? {} : { mode: relay }),
    }),
  );
  return settings;
};

const policyJson = (line: Line, policy: Policy, concerned: readonly TargetView[] | undefined) => ({
  type: 'policy',
  relay: line.name,
  ...policy,
  concerns: concerned?.map(({ recipient }) => recipient) ?? null,
});

const describePolicyTarget = ({ target }: Policy, names: RecipientNames): string =>
  'guid' in target ? names.nameOf(target.guid) : describeTarget(target);

const describeRule = ({ hold, silent, mode }: Policy): string => {
  const parts = [
    ...(hold ? ['held'] : []),
    ...(silent ? ['silent'] : []),
    ...(mode === 'hybrid' ? [] : [modeWords[mode]]),
  ];
  return parts.length === 0 ? 'no rule' : parts.join(', ');
};

const modeWords = { local: 'its own user’s pushes alone', remote: 'others’ pushes alone' } as const;

const concernedNamed = 3;

const describeConcerned = (concerned: readonly TargetView[] | undefined, names: RecipientNames): string => {
  if (concerned === undefined) return 'its members';
  if (concerned.length === 0) return 'nobody now';
  const shown = concerned.slice(0, concernedNamed).map(({ recipient }) => names.nameOf(recipient));
  const more = concerned.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};
