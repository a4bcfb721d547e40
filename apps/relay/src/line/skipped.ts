import { limits, type ICdPushEnvelop, type PatchHead } from '@cd-push/protocol';
import type { HistoryStep } from '@cd-push/store';

import type { JournalReads } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import type { Held } from '../peers/peer.ts';

/** What `pushData.skipped` can hold. */
const stepsAtMost = 10_000;
/** Bytes of them: what is left of an envelope is for the contents, which can be fetched where they do not fit. */
const skippedBytes = limits.envelopeBytes / 2;

type Skipped = NonNullable<ICdPushEnvelop['pushData']['skipped']>;

/**
 * What a runtime lacks to see how this push follows from what it holds, as a text that is equal for equal gaps; empty for
 * nothing. Content of the served base (version 0) explains whatever follows it.
 */
export const lacking = (push: TrackedPush, held: ReadonlyMap<string, Held>): string => {
  let gap = '';
  for (const patch of push.accepted.signed?.patches ?? []) {
    const have = held.get(followed(patch));
    if (isGap(patch, have)) gap += `${followed(patch)}@${have.version} `;
  }
  return gap;
};

/**
 * Signed statements between what a runtime holds and what the push follows, oldest first: no more than half an
 * envelope of them, the latest. Who is further behind than that finds the chain broken.
 */
export const skippedFor = async (
  push: TrackedPush,
  held: ReadonlyMap<string, Held>,
  store: Pick<JournalReads, 'steps'>,
): Promise<Skipped> => {
  const steps = new Map<string, HistoryStep>();
  for (const patch of push.accepted.signed?.patches ?? []) {
    const have = held.get(followed(patch));
    if (!isGap(patch, have)) continue;
    const between = await store.steps(
      push.accepted,
      followed(patch),
      have.version,
      patch.version,
      stepsAtMost,
    );
    for (const step of leadingFrom(have, between)) steps.set(step.statement, step);
  }
  const latestFirst = [...steps.values()].toSorted((a, b) => b.offset - a.offset);
  const skipped: Skipped = [];
  let length = 0;
  for (const { statement, certificate } of latestFirst) {
    length += statement.length + certificate.length;
    if (length > skippedBytes) break;
    skipped.push({ statement, certificate });
  }
  return skipped.toReversed();
};

/** The end of a history that begins where it follows what a runtime holds, or nothing. */
const leadingFrom = ({ digest }: Held, history: readonly HistoryStep[]): HistoryStep[] => {
  const first = history.findLastIndex(({ predecessor }) => predecessor === null || predecessor === digest);
  return history.slice(Math.max(first, 0));
};

const isGap = (patch: PatchHead, have: Held | undefined): have is Held =>
  have !== undefined && have.version > 0 && patch.predecessor !== null && patch.predecessor !== have.digest;

/** The name under which the predecessor was known. */
const followed = ({ resource, from }: PatchHead): string => from ?? resource;
