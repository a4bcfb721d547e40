import { fetchContent, type ContentPlace } from '@cd-push/client';

/** Bytes that lie at the relay, as `Link.content` says; loaded with the first content that travelled in no envelope. */
export const contentAtRelay = (place: ContentPlace, atMost: number): Promise<Uint8Array<ArrayBuffer>> =>
  fetchContent(place, atMost);
