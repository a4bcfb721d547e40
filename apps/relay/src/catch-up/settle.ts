import type { EpochMs, PatchHead, RecipientId } from '@cd-push/protocol';

import type { TrackedPush } from '../journal/tracked-push.ts';
import type { Held } from '../peers/peer.ts';
import type { Tracker } from '../tracks/tracker.ts';

/** How what a runtime holds of a resource compares to a version of it. */
export type Standing = 'behind' | 'equal' | 'ahead';

/** Equal content counts as equal whatever its version: a redeploy may have put it into the served base. */
export const standingOf = (
  have: Held | undefined,
  { version, digest }: { readonly version: number; readonly digest: string | null },
): Standing => {
  if (have === undefined) return digest === null ? 'equal' : 'behind';
  if (have.version > version) return 'ahead';
  return have.version === version || have.digest === digest ? 'equal' : 'behind';
};

/**
 * Settles a push that was open for a runtime by what it reports to hold: an acknowledgement may have been lost on the
 * way.
 *
 * @param isInPlace whether the push still is the head of one of its files, and would be sent again.
 */
export const settleBy = (
  push: TrackedPush,
  recipient: RecipientId,
  held: ReadonlyMap<string, Held>,
  isInPlace: boolean,
  tracker: Tracker,
  at: EpochMs,
): void => {
  const { accepted } = push;
  if (accepted.deliverBy <= at) {
    tracker.moveLatest(push, recipient, { type: 'expired', at });
    return;
  }
  if (accepted.carries !== 'patch') return;
  const standings = (accepted.signed?.patches ?? []).map((patch: PatchHead) =>
    standingOf(held.get(patch.resource), patch),
  );
  if (standings.every((standing) => standing !== 'behind')) {
    tracker.moveLatest(push, recipient, {
      type: standings.includes('ahead') ? 'superseded' : 'completed',
      at,
    });
  } else if (!isInPlace) {
    tracker.moveLatest(push, recipient, { type: 'superseded', at });
  }
};
