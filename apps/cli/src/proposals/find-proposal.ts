import type { ProposalView } from '@cd-push/protocol';

import { CliError, usageError } from '../cli-error.ts';
import type { Line } from '../sync/line.ts';
import { checkPush } from '../sync/resolve-push.ts';

/**
 * The proposal that is named by its guid, or the beginning of it.
 *
 * @throws CliError where there is none that this session may see, or several.
 */
export const findProposal = async ({ connection }: Line, text: string): Promise<ProposalView> => {
  checkPush(text);
  const { proposals } = await connection.request('list-proposals', {});
  const found = proposals.filter(({ pushGuid }) => pushGuid.startsWith(text));
  const [only] = found;
  if (only === undefined)
    throw new CliError(`No proposal that you may see begins with ${text}.`, {
      next: 'See which there are: cd-cli proposals',
    });
  if (found.length > 1)
    throw usageError(
      `"${text}" begins ${found.length} proposals.`,
      `Which one? ${found.map(({ pushGuid }) => pushGuid).join(', ')}`,
    );
  return only;
};
