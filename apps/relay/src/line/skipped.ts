import { limits, type ICdPushEnvelop, type PatchHead } from '@cd-push/protocol';

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

/**
 * Signed statements between what a runtime holds and what the push follows, oldest first: no more than an envelope may
 * have of them, the latest. Who is further behind than that finds the chain broken.
 */
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
  const latestFirst = [...steps.values()].toSorted((a, b) => b.order - a.order);
  const skipped: Skipped = [];
  let length = 0;
  for (const { statement, certificate } of latestFirst) {
    length += statement.length + certificate.length;
    if (length > limits.envelopeBytes) break;
    skipped.push({ statement, certificate });
  }
  return skipped.toReversed();
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
