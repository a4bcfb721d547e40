import { observe, type ObserveFilter } from '@cd-push/client';
import { isAuditHeads, ProblemError, type PushView } from '@cd-push/protocol';

import { keepHeads } from '../audit/keep-heads.ts';
import type { CliContext } from '../cli-context.ts';
import { CliError, usageError } from '../cli-error.ts';
import type { ObserveFlags } from '../commands/flags.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import type { Line } from '../sync/line.ts';
import { openLines } from '../sync/open-lines.ts';
import { RecipientNames } from '../sync/recipient-names.ts';
import { checkPush, resolvePush } from '../sync/resolve-push.ts';
import { resolveRecipient } from '../sync/resolve-targets.ts';
import { JsonView } from './json-view.ts';
import { Observation } from './observation.ts';
import type { ObserveView } from './observe-view.ts';
import { Retrier } from './retrier.ts';
import { RetryPlan, retryLimits } from './retry-plan.ts';
import { TextView } from './text-view.ts';

/** Attempts at most where `--retry` says nothing else: about a minute and a half. */
const usualBudget = 8;

/** `observe`: follows every push that the session may see, until it is stopped. */
export const runObserve = async (context: CliContext, flags: ObserveFlags): Promise<void> => {
  if (flags.retryBudget !== undefined && !flags.retry)
    throw usageError('--retry-budget goes with --retry.', 'cd-cli observe --retry --retry-budget 5');
  if (flags.guid !== undefined) checkPush(flags.guid);
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  await using lines = await openLines(context, settings);
  if (flags.retry) for (const line of lines.all) await requireMayPush(line);
  const filter = await filterOf(context, lines.all, flags);
  const names = new RecipientNames(lines.all);
  await names.load();

  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  const budget = flags.retry ? (flags.retryBudget ?? usualBudget) : undefined;
  const lineAt = (name: Line['name']): Line | undefined => lines.all.find((line) => line.name === name);
  const retrier =
    budget === undefined
      ? undefined
      : new Retrier({
          plan: new RetryPlan({ ...retryLimits, budget }),
          request: async (relay, retry) => {
            const line = lineAt(relay);
            if (line === undefined) throw new TypeError(`There is no ${relay} relay.`);
            return line.connection.request('retry-push', retry, { signal });
          },
          tell: (told) => observation.retried(told),
        });
  const view: ObserveView = flags.json
    ? new JsonView(context, { names, budget })
    : new TextView(context, {
        names,
        me: new Set(lines.all.map(({ session }) => session.account.user.subject)),
        budget,
        isHybrid: lines.all.length > 1,
        open: () => observation.open,
        waiting: () =>
          (retrier?.waiting ?? []).flatMap((planned) => {
            const push = observation.pushAt(planned);
            return push === undefined ? [] : [{ ...planned, push }];
          }),
      });
  const observation = new Observation({
    view,
    retrier,
    find: async (relay, pushGuid) => findPush(lineAt(relay), pushGuid),
  });
  try {
    await Promise.all(lines.all.map((line) => follow(context, line, { filter, signal, observation, names })));
  } finally {
    over.abort();
    retrier?.close();
    view.close();
  }
};

interface Following {
  readonly filter: ObserveFilter;
  readonly signal: AbortSignal;
  readonly observation: Observation;
  readonly names: RecipientNames;
}

const follow = async (
  context: CliContext,
  { name, connection, session }: Line,
  { filter, signal, observation, names }: Following,
): Promise<void> => {
  const forget = [
    connection.onStatus(({ state }) => state === 'connecting' && observation.away(name)),
    connection.on('audit-heads', (payload) => {
      if (isAuditHeads(payload)) void keepHeads(context, session, payload.heads);
    }),
  ];
  try {
    for await (const observed of observe(connection, filter, { signal })) {
      if ('auditHeads' in observed) void keepHeads(context, session, observed.auditHeads);
      // Whoever has joined since is called by name by the time that there is something to tell.
      if (observed.kind === 'accepted')
        await names.learn(observed.push.recipients.map(({ recipient }) => recipient));
      observation.take(name, observed);
    }
  } finally {
    for (const stop of forget) stop();
  }
};

const filterOf = async (
  context: CliContext,
  lines: readonly Line[],
  { guid, resource, target, environment }: ObserveFlags,
): Promise<ObserveFilter> => ({
  ...(guid === undefined ? {} : { pushGuid: await resolvePush(context, lines, guid) }),
  ...(resource === undefined ? {} : { prefix: resource }),
  ...(target === undefined ? {} : { recipient: await resolveRecipient(lines, target) }),
  ...(environment === undefined ? {} : { environment }),
});

const findPush = async (line: Line | undefined, pushGuid: string): Promise<PushView | undefined> => {
  try {
    return (await line?.connection.request('get-track', { pushGuid }))?.push;
  } catch (error) {
    // It is forgotten by now, or the relay is away: what it told stays untold.
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
};

const requireMayPush = async ({ apiUrl, session }: Line): Promise<void> => {
  const { mayPush } = await session.open();
  if (mayPush) return;
  throw new CliError(`The session at ${apiUrl} may not push, and so it may not retry.`, {
    next: 'Ask an admin for the role of a developer, or observe without --retry.',
  });
};
