import type { EpochMs } from '@cd-push/protocol';

import type { TrackedPush } from '../journal/tracked-push.ts';
import type { Tracker } from '../tracks/tracker.ts';

/**
 * Closes the tracks of absent recipients for pushes that a later one has overtaken in all their files: they will get the
 * later one instead. What is on its way already is settled by whoever received it.
 */
export const supersede = (overtaken: readonly TrackedPush[], tracker: Tracker, at: EpochMs): void => {
  for (const push of overtaken) {
    for (const [recipient, { state }] of push.tracks) {
      if (state.stage === 'relayed') tracker.moveLatest(push, recipient, { type: 'superseded', at });
    }
  }
};
