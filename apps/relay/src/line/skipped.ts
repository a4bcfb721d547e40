import type { ICdPushEnvelop, PatchHead } from '@cd-push/protocol';

import type { HistoryStep, Journal } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import type { Held } from '../peers/peer.ts';

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

/** Signed statements between what a runtime holds and what the push follows, oldest first. */
export const skippedFor = async (
  push: TrackedPush,
  held: ReadonlyMap<string, Held>,
  journal: Journal,
): Promise<Skipped> => {
  const steps = new Map<string, HistoryStep>();
  for (const patch of push.accepted.signed?.patches ?? []) {
    const have = held.get(followed(patch));
    if (!isGap(patch, have)) continue;
    for (const step of between(await journal.history(push.accepted, followed(patch)), patch, have)) {
      steps.set(step.statement, step);
    }
  }
  return [...steps.values()]
    .toSorted((a, b) => a.order - b.order)
    .map(({ statement, certificate }) => ({ statement, certificate }));
};

const between = (history: readonly HistoryStep[], patch: PatchHead, have: Held): HistoryStep[] => {
  const found: HistoryStep[] = [];
  for (const step of history.toReversed()) {
    if (step.version >= patch.version) continue;
    if (step.version <= have.version) break;
    found.push(step);
    if (step.predecessor === null || step.predecessor === have.digest) break;
  }
  return found;
};

const isGap = (patch: PatchHead, have: Held | undefined): have is Held =>
  have !== undefined && have.version > 0 && patch.predecessor !== null && patch.predecessor !== have.digest;

/** The name under which the predecessor was known. */
const followed = ({ resource, from }: PatchHead): string => from ?? resource;
