import { approveProposal, readProposal, type ReadProposal } from '@cd-push/client';
import type { ProposalView } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { CliError } from '../cli-error.ts';
import type { ApproveFlags } from '../commands/flags.ts';
import { askLine } from '../credentials/ask-password.ts';
import { compare } from '../diff/compare.ts';
import { comparisonJson, showComparison } from '../diff/show-comparison.ts';
import { noSide, versionSide } from '../diff/side.ts';
import { versionReads } from '../diff/version-reads.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import type { Line } from '../sync/line.ts';
import { openLines } from '../sync/open-lines.ts';
import { rememberPush } from '../sync/recent-pushes.ts';
import { shortGuid } from '../sync/short-ids.ts';
import { describeTarget } from '../sync/target-of.ts';
import { explainProblem } from '../talk/explain.ts';
import { nextJson } from '../talk/next-json.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { versionsOf } from '../versions/find-version.ts';
import { onlyLine, requireOneRelay } from '../versions/only-line.ts';
import { shownSize } from '../versions/version-name.ts';
import { findProposal } from './find-proposal.ts';
import { approvalsOf, proposalJson, stateText, subjectOf } from './proposal-text.ts';
import { proposedSide } from './proposed-side.ts';

/** `approve <guid>`: shows what a proposal would change, asks, and signs yes to exactly that. */
export const runApprove = async (context: CliContext, flags: ApproveFlags, text: string): Promise<void> => {
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  requireOneRelay(settings);
  await using lines = await openLines(context, settings);
  const line = onlyLine(lines);
  const { pushGuid } = await findProposal(line, text);
  const place = { connection: line.connection, session: line.session, signal: context.signal };
  const read = await readProposal(place, pushGuid);
  await show(context, line, read, flags);
  await allow(context, flags);
  tell(context, line, await approveProposal(place, read), flags);
};

const show = async (
  context: CliContext,
  line: Line,
  { proposal, statement, files, message }: ReadProposal,
  { source, json }: ApproveFlags,
): Promise<void> => {
  const talk = new Talk(context);
  const { environment } = statement;
  // The name is the relay's word; the subject beside it, and all that follows, are what was signed.
  talk.tell(
    `${proposal.senderName} (${statement.signer}) proposes ${subjectOf(proposal)} in ${environment}, for ${statement.targets.map(describeTarget).join('; ')}; approved by ${approvalsOf(proposal)}.`,
  );
  if (statement.kind === 'operation') {
    if (json) printJson(context, { type: 'operation', operation: statement.operation, arguments: message });
    talk.say(`It runs ${statement.operation} ${message ?? ''}`);
  }
  const reads = versionReads(line, environment, context.signal);
  for (const file of files) {
    const { resource, from } = file.head;
    if (from !== undefined) talk.say(`${from} becomes ${resource}.`);
    const { value: inPlace } = await versionsOf(line, environment, from ?? resource, context.signal).next();
    const before = inPlace === undefined ? noSide : versionSide(inPlace, reads);
    const sides = [before, proposedSide(file)] as const;
    const comparison = await compare(...sides, !source);
    if (json)
      printJson(context, {
        type: 'diff',
        relay: line.name,
        environment,
        ...comparisonJson(resource, sides, comparison),
      });
    else showComparison(context, resource, sides, comparison);
    if (comparison.kind === 'same') talk.say(`${resource}: as it is in place.`);
    if (comparison.kind === 'gone')
      talk.warn(
        `${resource} cannot be shown here: it has ${shownSize(file.head.bytes)}. Who approves of it has not seen it.`,
      );
  }
  if (files.length === 0) return;
  talk.tell(
    source
      ? 'That is how the files were saved. Nothing proves that what would run was made of it.'
      : 'That is what would run. To see the files as they were saved: --source',
  );
};

/** @throws CliError where nobody said yes. */
const allow = async (context: CliContext, { yes, json }: ApproveFlags): Promise<void> => {
  if (yes) return;
  const isAsked = context.process.stdin.isTTY === true && !json;
  const answer = isAsked ? await askLine(context, 'Approve of it? [y/N] ') : '';
  if (/^y(?:es)?$/iu.test(answer)) return;
  throw new CliError(
    'Nothing was approved of.',
    isAsked ? {} : { next: 'To approve without being asked: --yes' },
  );
};

const tell = (context: CliContext, { name }: Line, proposal: ProposalView, { json }: ApproveFlags): void => {
  const { pushGuid, problem, state } = proposal;
  rememberPush(context.process.env, pushGuid);
  const talk = new Talk(context);
  const explained = problem && explainProblem(problem);
  const next =
    state === 'accepted' ? `See how it fares: cd-cli track ${shortGuid(pushGuid)}` : nextOf(proposal);
  if (json) printJson(context, { ...proposalJson(name, proposal), ...nextJson(next) });
  talk.tell(`${stateText(talk.pen, proposal)} ${subjectOf(proposal)}; approved by ${approvalsOf(proposal)}`);
  if (explained !== undefined) talk.error(explained.sentence);
  if (next !== undefined) talk.next(next);
  if (problem !== undefined) context.process.exitCode = exitCodeOf(problem);
};

const nextOf = ({ state, problem, pushGuid, senderName }: ProposalView): string | undefined => {
  if (state === 'refused') return `${senderName} makes it anew upon what is in place now, and proposes that.`;
  if (problem === undefined) return undefined;
  return `It could not be taken yet. Say so again in a moment: cd-cli approve ${shortGuid(pushGuid)}`;
};
