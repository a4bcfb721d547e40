import type { ListPushes, ListPushesAnswer } from '@cd-push/protocol';

import { askPatiently } from '../connection/ask-patiently.ts';
import type { Connection } from '../connection/connection.ts';

/**
 * The pushes of the journal that this session may see, the latest first, page by page; `limit` is the size of a page.
 * A relay that has read much for it is given the time that it asks for.
 *
 * @throws ProblemError `forbidden`; why they could not be read; the signal's reason.
 */
export async function* listPushes(
  connection: Pick<Connection, 'request'>,
  query: ListPushes = {},
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<ListPushesAnswer, void, undefined> {
  for (let before = query.before; ;) {
    const asked = before === undefined ? query : { ...query, before };
    const page = await askPatiently(connection, 'list-pushes', asked, options);
    yield page;
    if (page.next === undefined) return;
    before = page.next;
  }
}
