import { isProblem, ProblemError, problemOf } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { CliError, usageError } from '../cli-error.ts';
import type { TargetsRemoveFlags } from '../commands/flags.ts';
import { askLine } from '../credentials/ask-password.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import type { Line } from './line.ts';
import { openLines } from './open-lines.ts';
import { RecipientNames } from './recipient-names.ts';
import { resolveRecipient } from './resolve-targets.ts';

/** `targets remove <runtime>`: withdraws a runtime's credential, so that nobody waits for it any more. */
export const runTargetsRemove = async (
  context: CliContext,
  flags: TargetsRemoveFlags,
  runtime: string,
): Promise<void> => {
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  if (settings.syncMode === 'hybrid')
    throw usageError('A runtime has joined one installation.', 'Say which: --mode local or --mode remote');
  await using lines = await openLines(context, settings);
  const [line] = lines.all;
  if (line === undefined) throw new TypeError('There is no relay.');
  const [guid = ''] = (await resolveRecipient(lines.all, runtime)).split('#', 1);
  const names = new RecipientNames(lines.all);
  await names.load();
  const name = names.nameOf(guid);
  await allow(context, flags, name);
  await withdraw(line, guid, context.signal);
  if (flags.json) printJson(context, { type: 'removed', relay: line.name, guid, ...names.factsOf(guid) });
  const talk = new Talk(context);
  talk.tell(`${name} is removed: it gets no push any more, and nobody waits for it.`);
};

/** @throws CliError where nobody said that it may be done: no other command takes a runtime's access away for good. */
const allow = async (context: CliContext, { yes, json }: TargetsRemoveFlags, name: string): Promise<void> => {
  if (yes) return;
  const isAsked = context.process.stdin.isTTY === true && !json;
  const question = `Remove ${name} for good? To come back it has to join anew. [y/N] `;
  if (/^y(?:es)?$/iu.test(isAsked ? await askLine(context, question) : '')) return;
  throw new CliError(
    `${name} was not removed.`,
    isAsked
      ? {}
      : { next: 'To come back it would have to join anew. To remove it without being asked: --yes' },
  );
};

const withdraw = async ({ apiUrl, session }: Line, guid: string, signal: AbortSignal): Promise<void> => {
  const { token } = await session.access();
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(`${apiUrl}/runtimes/${encodeURIComponent(guid)}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${token}` },
      signal,
    });
    if (response.ok) return;
    answer = await response.json();
  } catch (error) {
    throw new ProblemError(problemOf('unavailable', { detail: `${apiUrl} cannot be reached.` }), {
      cause: error,
    });
  }
  if (response.status === 403)
    throw new CliError('Only admins remove runtimes, and this session is none’s.', {
      next: 'Ask an admin to remove it, or sign in as one: cd-cli login',
    });
  throw new ProblemError(
    isProblem(answer)
      ? answer
      : problemOf('unsupported-version', { detail: 'The api’s answer is not understood here.' }),
  );
};
