import type { EpochMs, PatchHead, RecipientId } from '@cd-push/protocol';

import type { TrackedPush } from '../journal/tracked-push.ts';
import type { Held } from '../peers/peer.ts';
import type { Tracker } from '../tracks/tracker.ts';

/**
 * How what a runtime holds of a resource compares to a version of it: `alike` is the same content under a lower version,
 * as a redeploy puts it into the served base, or as one leaves it who takes a change back.
 */
export type Standing = 'behind' | 'alike' | 'held' | 'ahead';

export const standingOf = (
  have: Held | undefined,
  { version, digest }: { readonly version: number; readonly digest: string | null },
): Standing => {
  if (have === undefined) return digest === null ? 'alike' : 'behind';
  if (have.version > version) return 'ahead';
  if (have.version === version) return 'held';
  return have.digest === digest ? 'alike' : 'behind';
};

/** How all files of a push stand, each kind once; nothing for what is no push of files. */
export const standingsOf = (
  { accepted }: TrackedPush,
  held: ReadonlyMap<string, Held>,
): ReadonlySet<Standing> =>
  new Set(
    (accepted.signed?.patches ?? []).map((patch: PatchHead) => standingOf(held.get(patch.resource), patch)),
  );

/** Whether a runtime holds what a push leads to; that it does not need it may still hang on what else it is sent. */
export const isContentHeld = (standings: ReadonlySet<Standing>): boolean =>
  standings.size > 0 && !standings.has('behind');

/**
 * Settles a push by what a runtime reports to hold: an acknowledgement may have been lost on the way.
 *
 * @param standings none of them `behind`.
 */
export const settleBy = (
  push: TrackedPush,
  recipient: RecipientId,
  standings: ReadonlySet<Standing>,
  tracker: Tracker,
  at: EpochMs,
): void => {
  tracker.moveLatest(push, recipient, { type: standings.has('ahead') ? 'superseded' : 'completed', at });
};
