/** What most connections never need: loaded with the first pack, or the first content that travelled in no envelope. */
import { fetchContent, unpacked, type ContentPlace } from '@cd-push/client';

/** An envelope that came packed. */
export const unpackEnvelope = (payload: unknown, attached: unknown): Promise<unknown> =>
  unpacked(payload, attached);

/** Bytes that lie at the relay, as `Link.content` says. */
export const contentAtRelay = (place: ContentPlace, atMost: number): Promise<Uint8Array<ArrayBuffer>> =>
  fetchContent(place, atMost);
