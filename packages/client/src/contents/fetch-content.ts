import { ProblemError, problemOf } from '@cd-push/protocol';
import { digestOf } from '@cd-push/timeline';

import { askForContent, type ContentPlace } from './content-request.ts';

/** Milliseconds without a byte after which a try is given up. */
const quietMs = 15_000;

/**
 * Fetches the bytes that a digest names, and checks that it names them.
 *
 * @param atMost bytes that it may have; not one more is taken in.
 * @throws ProblemError `not-found` (not there, or not for this session), `too-large`, `bad-signature` (other bytes came),
 * `unavailable`, `timeout`; the signal's reason.
 */
export const fetchContent = async (place: ContentPlace, atMost: number): Promise<Uint8Array<ArrayBuffer>> => {
  const bytes = await askForContent(place, {
    method: 'GET',
    quietMs,
    read: (response, alive) => bytesIn(response, atMost, alive),
  });
  if ((await digestOf(bytes)) === place.digest) return bytes;
  const detail = `What came under ${place.digest} has another digest.`;
  throw new ProblemError(problemOf('bad-signature', { detail }));
};

const bytesIn = async (
  { body }: Response,
  atMost: number,
  alive: () => void,
): Promise<Uint8Array<ArrayBuffer>> => {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = body?.getReader();
  if (reader === undefined) return new Uint8Array();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    const { value } = next;
    alive();
    length += value.length;
    if (length > atMost) {
      await reader.cancel();
      throw new ProblemError(problemOf('too-large', { detail: `More than ${atMost} bytes came.` }));
    }
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
};
