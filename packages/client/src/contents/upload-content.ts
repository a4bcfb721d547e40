import { limits, ProblemError, problemOf } from '@cd-push/protocol';
import { digestOf, utf8 } from '@cd-push/timeline';

import { askForContent, type ContentPlace } from './content-request.ts';

const quietMs = 15_000;
/** Nothing tells how far a body has got: a relay takes it no slower than this. */
const bytesPerSecond = 64 * 1024;

/**
 * Puts a content to a relay, so that a push can name it by its digest; one that lies there where this session may read it
 * is not sent again. It stays for as long as something pushed has it, and at least for a day.
 *
 * @param content a text is put as its UTF-8.
 * @returns its digest.
 * @throws ProblemError `too-large`, `forbidden` (the session may not push), `rate-limited`, `unavailable`, `timeout`; the
 * signal's reason.
 */
export const uploadContent = async (
  place: Omit<ContentPlace, 'digest'>,
  content: string | Uint8Array<ArrayBuffer>,
): Promise<string> => {
  const body = typeof content === 'string' ? utf8(content) : content;
  if (body.length > limits.contentBytes) {
    const detail = `It has ${body.length} bytes; a content has at most ${limits.contentBytes}.`;
    throw new ProblemError(problemOf('too-large', { detail }));
  }
  const digest = await digestOf(body);
  const question = { ...place, digest };
  if (await isThere(question)) return digest;
  await askForContent(question, {
    method: 'PUT',
    body,
    quietMs: quietMs + (body.length / bytesPerSecond) * 1000,
    read: async () => undefined,
  });
  return digest;
};

/** Whether a content lies at the relay where this session may read it. */
const isThere = async (place: ContentPlace): Promise<boolean> => {
  try {
    await askForContent(place, { method: 'HEAD', quietMs, read: async () => undefined });
    return true;
  } catch (error) {
    if (error instanceof ProblemError && error.problem.kind === 'not-found') return false;
    throw error;
  }
};
