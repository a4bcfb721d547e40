import { limits } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { CliError, usageError } from '../cli-error.ts';
import type { Line } from './line.ts';
import { recentPushes } from './recent-pushes.ts';
import { isGuid } from './short-ids.ts';

/**
 * Whether a text may be meant as a push, before anybody is asked.
 *
 * @throws CliError where it is not.
 */
export const checkPush = (text: string): void => {
  if (/^[0-9a-f][0-9a-f-]{3,35}$/u.test(text)) return;
  throw usageError(
    `"${text}" is no push.`,
    'Write its guid, or four characters or more of its beginning, as "push", "watch", "observe" and "history" show it.',
  );
};

/**
 * The guid of a push as people write it: whole, or its beginning where that names one of those made on this machine
 * lately, or else one of the latest that the relays know.
 *
 * @throws CliError where it names none, or several.
 */
export const resolvePush = async (
  { process: { env } }: CliContext,
  lines: readonly Line[],
  text: string,
): Promise<string> => {
  checkPush(text);
  if (isGuid(text)) return text;
  const own = recentPushes(env, text);
  const found = own.length > 0 ? own : await latestPushes(lines, text);
  const [only] = found;
  if (only === undefined)
    throw new CliError(`No push that begins with ${text} is among the latest.`, {
      next: 'See them: cd-cli history\nAn older one is found by its whole guid, as --json prints it.',
    });
  if (found.length > 1)
    throw usageError(`"${text}" begins ${found.length} pushes.`, `Which one? ${found.join(', ')}`);
  return only;
};

const latestPushes = async (lines: readonly Line[], text: string): Promise<string[]> => {
  const pages = await Promise.all(
    lines.map(({ connection }) => connection.request('list-pushes', { limit: limits.pushesPerPage })),
  );
  const guids = pages.flatMap(({ pushes }) => pushes.map(({ pushGuid }) => pushGuid));
  return [...new Set(guids.filter((guid) => guid.startsWith(text)))];
};
