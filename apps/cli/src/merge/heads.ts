import type { KnownHead, PatchInput } from '@cd-push/client';
import { branded, type Digest } from '@cd-push/protocol';
import {
  addressOfDigest,
  frameRefOf,
  type Address,
  type FrameObject,
  type FrameRef,
} from '@cd-push/timeline';

/** The name under which a file was known before a change. */
export const nameBefore = (patch: PatchInput): string =>
  patch.change === 'rename' ? patch.from : patch.resource;

/** The frame that is in place under this name. */
export const refOf = (head: KnownHead | undefined): FrameRef | undefined =>
  head?.frame === undefined || head.frame.isElsewhere ? undefined : frameRefOf(head.frame);

/** The frame with which the timeline has left this name. */
export const goneOf = (head: KnownHead | undefined): Address | undefined =>
  head?.frame?.isElsewhere === true ? frameRefOf(head.frame)?.address : undefined;

export const blobOf = (digest: Digest | undefined): Address | null =>
  digest === undefined ? null : addressOfDigest('raw', digest);

/** Digest of what was pushed with a frame. */
export const digestIn = ({ frame }: Pick<FrameObject, 'frame'>): Digest | null => {
  const { digest } = frame.data;
  return typeof digest === 'string' ? branded<Digest>(digest) : null;
};
