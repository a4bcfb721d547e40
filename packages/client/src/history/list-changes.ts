import type { FileChange, GetChanges } from '@cd-push/protocol';

import { askPatiently } from '../connection/ask-patiently.ts';
import type { Connection } from '../connection/connection.ts';

/**
 * All files under a prefix that have changed since, by name, with what was in place then.
 *
 * @throws ProblemError `forbidden`; why they could not be read; the signal's reason.
 */
export const listChanges = async (
  connection: Pick<Connection, 'request'>,
  query: GetChanges,
  options: { readonly signal?: AbortSignal } = {},
): Promise<FileChange[]> => {
  const changes: FileChange[] = [];
  for (let { after } = query; ;) {
    const page = await askPatiently(
      connection,
      'get-changes',
      after === undefined ? query : { ...query, after },
      options,
    );
    changes.push(...page.changes);
    if (page.next === undefined) return changes;
    after = page.next;
  }
};
