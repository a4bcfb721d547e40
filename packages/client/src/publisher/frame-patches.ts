import type { PatchHead, PatchStatement } from '@cd-push/protocol';
import { frameRefOf, isAddress, nextFrame, type FrameRef } from '@cd-push/timeline';

import type { OutboxEntry } from '../outbox/outbox.ts';
import { noHead, type KnownHead } from './head-cache.ts';
import { travelling } from './travelling.ts';

/** An entry whose patches name their frames, and these frames, in the order of the patches. */
export interface FramedEntry {
  readonly entry: OutboxEntry;
  /** Undefined where a patch had its frame before. */
  readonly frames: readonly (FrameRef | undefined)[];
}

/**
 * Gives every patch of a push that was never signed its place in history: a frame upon what is in place. A frame that the
 * sender brought, of a merge, is the patch's already.
 *
 * @param heads what each patch follows, in their order.
 */
export const framePatches = async (entry: OutboxEntry, heads: readonly KnownHead[]): Promise<FramedEntry> => {
  const { statement, envelope } = entry;
  if (statement.kind !== 'patch') return { entry, frames: [] };
  const made = await Promise.all(
    statement.patches.map(async (patch, index) =>
      patch.frame === undefined ? frameOf(patch, statement, entry, index, heads[index] ?? noHead) : undefined,
    ),
  );
  const { pushData, ...frame } = envelope;
  const history = [...(pushData.history ?? []), ...made.flatMap((one) => one?.objects.map(travelling) ?? [])];
  const patches = statement.patches.map((patch, index) => {
    const address = made[index]?.ref.address;
    return address === undefined ? patch : { ...patch, frame: address };
  });
  return {
    entry: {
      ...entry,
      statement: { ...statement, patches },
      envelope: { ...frame, pushData: { ...pushData, history } },
    },
    frames: made.map((one) => one?.ref),
  };
};

const frameOf = async (
  patch: PatchHead,
  { tenant, environment }: PatchStatement,
  { sources, restored }: OutboxEntry,
  index: number,
  { frame }: KnownHead,
): ReturnType<typeof nextFrame> => {
  const { resource } = patch;
  const before = frame === undefined ? undefined : frameRefOf(frame);
  const source = sources[index];
  const isGone = frame?.isElsewhere === true;
  // Before the first version stands what the timeline begins with.
  const brought = patch.restores === 0 && !isGone ? before?.timeline : restored?.[index];
  return nextFrame({
    origin: { tenant, environment, resource, after: isGone ? before?.address : undefined },
    patch,
    source: isAddress(source) ? source : null,
    parent: isGone ? undefined : before,
    restores: isAddress(brought) ? brought : undefined,
  });
};
