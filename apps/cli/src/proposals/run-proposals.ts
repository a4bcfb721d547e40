import type { ProposalView } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import type { ProposalsFlags } from '../commands/flags.ts';
import { shownTime } from '../history/shown-time.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import type { Line, LineName } from '../sync/line.ts';
import { openLines } from '../sync/open-lines.ts';
import { shortGuid } from '../sync/short-ids.ts';
import { printJson } from '../talk/print-json.ts';
import { printTable } from '../talk/print-table.ts';
import { Talk } from '../talk/talk.ts';
import { onlyLine, requireOneRelay } from '../versions/only-line.ts';
import { findProposal } from './find-proposal.ts';
import { approvalsOf, approveCommand, proposalJson, subjectOf } from './proposal-text.ts';

/** `proposals`: what waits for approval, and what became of it. */
export const runProposals = async (context: CliContext, flags: ProposalsFlags): Promise<void> => {
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  if (flags.withdraw !== undefined) requireOneRelay(settings);
  await using lines = await openLines(context, settings);
  if (flags.withdraw !== undefined) await withdraw(context, onlyLine(lines), flags.withdraw, flags.json);
  else await list(context, lines.all, flags);
};

const withdraw = async (context: CliContext, line: Line, text: string, json: boolean): Promise<void> => {
  const { pushGuid } = await findProposal(line, text);
  const { proposal } = await line.connection.request('withdraw-proposal', { pushGuid });
  if (json) printJson(context, proposalJson(line.name, proposal));
  new Talk(context).say(`${shortGuid(pushGuid)} is withdrawn: nobody can approve of it any more.`);
};

interface Found {
  readonly line: LineName;
  readonly view: ProposalView;
}

const list = async (
  context: CliContext,
  lines: readonly Line[],
  { waiting, json }: ProposalsFlags,
): Promise<void> => {
  const found: Found[] = [];
  for (const { name, connection } of lines) {
    const { proposals } = await connection.request('list-proposals', waiting ? { waiting } : {});
    found.push(...proposals.map((view) => ({ line: name, view })));
  }
  if (json) {
    for (const { line, view } of found) printJson(context, proposalJson(line, view));
    return;
  }
  const talk = new Talk(context);
  if (found.length === 0) {
    talk.say(waiting ? 'Nothing waits for approval.' : 'Nothing was proposed.');
    return;
  }
  const now = Date.now();
  const isOne = lines.length === 1;
  printTable(
    context,
    ['proposal', 'state', 'approved', 'by', 'environment', 'what', 'at', ...(isOne ? [] : ['relay'])],
    found.map(({ line, view }) => [
      shortGuid(view.pushGuid),
      view.problem === undefined ? view.state : `${view.state} (${view.problem.kind})`,
      approvalsOf(view),
      view.senderName,
      view.environment,
      subjectOf(view),
      shownTime(view.proposedAt, now),
      ...(isOne ? [] : [line]),
    ]),
  );
  const own = new Set(lines.map(({ session }) => session.account.user.subject));
  const open = found.find(({ view }) => view.state === 'waiting' && !own.has(view.sender));
  if (open !== undefined)
    talk.next(`See what it would change, and say yes to it: ${approveCommand(open.view)}`);
};
