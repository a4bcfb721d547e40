import type { ProposalView, ProposePushAnswer } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { rememberPush } from '../sync/recent-pushes.ts';
import type { Line } from '../sync/line.ts';
import { nextJson } from '../talk/next-json.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { approveCommand, askingOf, proposalJson } from './proposal-text.ts';

/** Tells of a push that was put before others, and what comes next. */
export const tellProposed = (
  context: CliContext,
  { name }: Pick<Line, 'name'>,
  { proposal, duplicate }: ProposePushAnswer,
  { what, json }: { readonly what: string; readonly json: boolean },
): void => {
  rememberPush(context.process.env, proposal.pushGuid);
  const next = nextOf(proposal);
  if (json) printJson(context, { ...proposalJson(name, proposal), duplicate, ...nextJson(next) });
  const talk = new Talk(context);
  talk.tell(`${talk.paint('green', 'proposed')} ${what}. ${askingOf(proposal)}`);
  talk.next(next);
};

const nextOf = (proposal: ProposalView): string =>
  `Somebody else approves of it, until ${new Date(proposal.expiresAt).toISOString()}: ${approveCommand(proposal)}`;

/** The command line that proposes the same. */
export const proposingCommand = ({ words }: Pick<CliContext, 'words'>): string => {
  const end = words.indexOf('--');
  const before = end === -1 ? words : words.slice(0, end);
  const after = end === -1 ? [] : words.slice(end);
  return ['cd-cli', ...before, '--propose', ...after].map(quoted).join(' ');
};

/** As a shell takes it. */
const quoted = (word: string): string =>
  /^[\w./@:=#%+-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
