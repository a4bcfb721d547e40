import { credentialOf, type ResourceGuid } from '@cd-push/protocol';

import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { Tracker } from './tracker.ts';

/** Pushes that are read at a time. */
const perRead = 50;

/** What was owed to a runtime that is no more, and to each instance of it, is owed to nobody. */
export const expireCredential = async (
  tenant: string,
  guid: ResourceGuid,
  journal: Journal,
  tracker: Tracker,
  clock: Clock,
): Promise<void> => {
  const open = await journal.store.openOffsetsUnder(tenant, guid);
  for (let done = 0; done < open.length; done += perRead) {
    const pushes = await journal.at(open.slice(done, done + perRead));
    const at = clock.now();
    for (const push of pushes) {
      for (const recipient of push.tracks.keys()) {
        if (credentialOf(recipient) === guid) tracker.moveLatest(push, recipient, { type: 'expired', at });
      }
    }
  }
};
