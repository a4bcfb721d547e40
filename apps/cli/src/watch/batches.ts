import type { PatchInput } from '@cd-push/client';
import { limits } from '@cd-push/protocol';

/** Below the limit of an envelope by what escaping in JSON and the source's share of non-ASCII text may add. */
const batchBytes = limits.envelopeBytes / 2;

/** Patches in pushes that a relay takes: one, but for a switch between branches that differ in megabytes. */
export const batchesOf = (patches: readonly PatchInput[]): PatchInput[][] => {
  const batches: PatchInput[][] = [];
  let current: PatchInput[] = [];
  let bytes = 0;
  for (const patch of patches) {
    const size = sizeOf(patch);
    if (current.length > 0 && (current.length >= limits.patches || bytes + size > batchBytes)) {
      batches.push(current);
      current = [];
      bytes = 0;
    }
    current.push(patch);
    bytes += size;
  }
  return current.length > 0 ? [...batches, current] : batches;
};

const sizeOf = (patch: PatchInput): number => {
  if (patch.change === 'delete') return 0;
  // Bytes travel as base64.
  const content =
    typeof patch.content === 'string' ? Buffer.byteLength(patch.content) : (patch.content.length * 4) / 3;
  return content + (patch.map === undefined ? 0 : Buffer.byteLength(patch.map));
};
