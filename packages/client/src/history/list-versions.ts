import type { FileVersion, GetHistory } from '@cd-push/protocol';

import { askPatiently } from '../connection/ask-patiently.ts';
import type { Connection } from '../connection/connection.ts';

/**
 * The versions of a file, or of all files under a prefix, that this session may see, the latest first, page by page;
 * `limit` is about the size of a page.
 *
 * @throws ProblemError `forbidden`; why they could not be read; the signal's reason.
 */
export async function* listVersions(
  connection: Pick<Connection, 'request'>,
  query: GetHistory,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<
  { readonly versions: readonly FileVersion[]; readonly next: number | undefined },
  void,
  undefined
> {
  for (let { before } = query; ;) {
    const { versions, next } = await askPatiently(
      connection,
      'get-history',
      before === undefined ? query : { ...query, before },
      options,
    );
    yield { versions, next };
    if (next === undefined) return;
    before = next;
  }
}
