import {
  limits,
  parseResource,
  ProblemError,
  problemOf,
  type PatchContent,
  type PatchHead,
} from '@cd-push/protocol';
import { digestOf, toBase64url, utf8 } from '@cd-push/timeline';

import type { KnownHead } from './head-cache.ts';
import type { PatchInput } from './push-request.ts';

/** What is signed of a file, and how it travels. */
export interface EncodedPatch {
  readonly head: PatchHead;
  readonly content: PatchContent;
}

/**
 * Makes one file's change ready to be signed. Versions are a hybrid logical clock: above the one in place, and not below
 * the clock.
 *
 * @throws ProblemError `invalid-envelope` for a name that is none, `too-large`.
 */
export const encodePatch = async (
  patch: PatchInput,
  known: KnownHead,
  now: number,
): Promise<EncodedPatch> => {
  const { resource, componentType, change } = patch;
  const named = parseResource(resource);
  if (!named.ok) throw new ProblemError({ ...named.problem, resource });
  const common = {
    resource,
    componentType,
    version: Math.max(known.version + 1, now),
    predecessor: known.digest,
  };
  if (change === 'delete')
    return { head: { ...common, change, digest: null, bytes: 0 }, content: { encoding: 'none' } };
  const bytes = typeof patch.content === 'string' ? utf8(patch.content) : patch.content;
  if (bytes.length > limits.envelopeBytes) throw new ProblemError(tooLarge(resource, bytes.length));
  const { map } = patch;
  const changed = {
    ...common,
    digest: await digestOf(bytes),
    bytes: bytes.length,
    ...(map === undefined ? {} : { mapDigest: await digestOf(map) }),
  };
  const head: PatchHead =
    change === 'rename' ? { ...changed, change, from: patch.from } : { ...changed, change };
  const content: PatchContent =
    typeof patch.content === 'string'
      ? { encoding: 'text', text: patch.content, ...(map === undefined ? {} : { map }) }
      : { encoding: 'base64', base64: toBase64(patch.content) };
  return { head, content };
};

const toBase64 = (bytes: Uint8Array): string => {
  const text = toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/');
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
};

const tooLarge = (resource: string, bytes: number) =>
  problemOf('too-large', {
    resource,
    detail: `${resource} has ${bytes} bytes; at most ${limits.envelopeBytes} fit one push. Put it into the served base instead.`,
  });
