import {
  limits,
  ok,
  problemOf,
  refuse,
  type PatchContent,
  type PatchHead,
  type Problem,
  type Result,
} from '@cd-push/protocol';

import { fromBase64, utf8 } from '../crypto/base64url.ts';
import { applyDelta } from '../delta/apply-delta.ts';
import { openDeleted, openStored, openWhole, type StoredBytes, type VerifiedContent } from './content.ts';

type Put = Exclude<PatchHead, { change: 'delete' }>;
type Delta = Extract<PatchContent, { encoding: 'delta' }>;

/** What a delta is taken upon: a content, and the source map that came with it. */
export interface HeldContent {
  readonly content: string | Uint8Array;
  readonly map: string | Uint8Array | undefined;
}

/**
 * The same as `openWhole`, for content that may have travelled as a delta too.
 *
 * @param held what a delta names as its base, if it is there.
 */
export const openContent = async (
  head: PatchHead,
  content: PatchContent,
  held: HeldContent | undefined,
): Promise<Result<VerifiedContent, Problem>> => {
  if (content.encoding !== 'delta') return openWhole(head, content);
  if (head.change === 'delete') return openDeleted(head, content);
  const made = madeOf(head, content, held);
  return made.ok ? openStored(head, made.value) : made;
};

/** What a delta makes of the content that is in place, and of its source map. Nothing is known of it yet but its length. */
const madeOf = (
  { resource, bytes, mapDigest }: Put,
  { delta, map }: Delta,
  held: HeldContent | undefined,
): Result<StoredBytes, Problem> => {
  const path = '/pushData/contents';
  // As long as what comes out is long, so long it takes, however short the delta is.
  if (bytes + (map?.bytes ?? 0) > limits.envelopeBytes) {
    const detail = `What deltas make has at most ${limits.envelopeBytes} bytes.`;
    return refuse(problemOf('too-large', { path, resource, detail }));
  }
  const content = made(held?.content, delta, bytes);
  const newMap = map && made(held?.map, map.delta, map.bytes);
  const detail = 'The delta does not fit the content that is in place.';
  return content === undefined || (newMap === undefined) !== (mapDigest === undefined)
    ? refuse(problemOf('bad-signature', { path, resource, detail }))
    : ok({ content, map: newMap });
};

const made = (
  base: string | Uint8Array | undefined,
  delta: string,
  length: number,
): Uint8Array<ArrayBuffer> | undefined => {
  const steps = fromBase64(delta);
  return base === undefined || steps === undefined
    ? undefined
    : applyDelta(typeof base === 'string' ? utf8(base) : base, steps, length);
};
