import { credentialOf, limits, type ResourceGuid } from '@cd-push/protocol';

import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { Tracker } from './tracker.ts';

/** What was owed to a runtime that is no more, and to each instance of it, is owed to nobody. */
export const expireCredential = async (
  tenant: string,
  guid: ResourceGuid,
  journal: Journal,
  tracker: Tracker,
  clock: Clock,
): Promise<void> => {
  let before: number | undefined;
  for (;;) {
    const page = await journal.store.list({
      tenant,
      recipient: guid,
      open: true,
      before,
      limit: limits.pushesPerPage,
    });
    const at = clock.now();
    for (const push of await journal.at(page.map(({ offset }) => offset))) {
      for (const recipient of push.tracks.keys()) {
        if (credentialOf(recipient) === guid) tracker.moveLatest(push, recipient, { type: 'expired', at });
      }
    }
    before = page.at(-1)?.offset;
    if (before === undefined || page.length < limits.pushesPerPage) return;
  }
};
