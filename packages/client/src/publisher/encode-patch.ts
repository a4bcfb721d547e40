import {
  branded,
  limits,
  parseResource,
  ProblemError,
  problemOf,
  type Digest,
  type PatchContent,
  type PatchHead,
} from '@cd-push/protocol';
import {
  addressOfDigest,
  digestOf,
  isAddress,
  storedBlob,
  utf8,
  type Address,
  type StoredObject,
} from '@cd-push/timeline';

import type { PatchInput, RestoreInput } from './push-request.ts';
import { toBase64 } from './travelling.ts';

/** What is signed of a file, and how it travels. */
export interface EncodedPatch {
  /** Not placed yet. */
  readonly head: PatchHead;
  readonly content: PatchContent;
  /** Blob of the file as it was saved: where it is brought along, and its address alone where the relay has it. */
  readonly source: { readonly address: Address; readonly brought: StoredObject | undefined } | null;
  /** Frame that is brought back. */
  readonly restored: string | null;
}

/** Below every version that there is, following nothing: a head that nothing was placed upon yet. */
const unplaced = { version: 1, predecessor: null };

/**
 * Makes one file's change ready to be placed.
 *
 * @throws ProblemError `invalid-envelope` for a name that is none, `too-large`.
 */
export const encodePatch = async (patch: PatchInput | RestoreInput): Promise<EncodedPatch> => {
  const { resource, componentType, change } = patch;
  const named = parseResource(resource);
  if (!named.ok) throw new ProblemError({ ...named.problem, resource });
  if (change === 'restore') return restoring(patch);
  const common = {
    resource,
    componentType,
    ...unplaced,
    ...(patch.prepared === undefined ? {} : { frame: patch.prepared.ref.address }),
  };
  if (change === 'delete')
    return {
      head: { ...common, change, digest: null, bytes: 0 },
      content: { encoding: 'none' },
      source: null,
      restored: null,
    };
  const bytes = typeof patch.content === 'string' ? utf8(patch.content) : patch.content;
  if (bytes.length > limits.contentBytes) throw new ProblemError(tooLarge(resource, bytes.length));
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
  const source = await storedBlob(patch.source ?? patch.content);
  if (source.bytes.length > limits.contentBytes)
    throw new ProblemError(tooLarge(resource, source.bytes.length));
  return { head, content, source: { address: source.address, brought: source }, restored: null };
};

/** Names what an earlier version held. */
const restoring = ({
  resource,
  componentType,
  restores,
  held,
  from,
  source,
  frame,
}: RestoreInput): EncodedPatch => {
  const common = { resource, componentType, ...unplaced, restores };
  const restored = frame ?? null;
  if (held === null) {
    const head: PatchHead = { ...common, change: 'delete', digest: null, bytes: 0 };
    return { head, content: { encoding: 'none' }, source: null, restored };
  }
  const { digest, bytes, mapDigest } = held;
  const kept = { digest, bytes, ...(mapDigest === undefined ? {} : { mapDigest }) };
  const head: PatchHead =
    from === undefined
      ? { ...common, ...kept, change: 'put' }
      : { ...common, ...kept, change: 'rename', from };
  // Of a version without a timeline nothing else is known to have been saved than what was pushed.
  const address = isAddress(source) ? source : addressOfDigest('raw', branded<Digest>(digest));
  return { head, content: { encoding: 'stored' }, source: { address, brought: undefined }, restored };
};

/** The name under which a change finds what it follows: a rename follows the content that its old name had. */
export const predecessorOf = ({ resource, from }: Pick<PatchHead, 'resource' | 'from'>): string =>
  from ?? resource;

/** Every name that a change touches. */
export const namesOf = ({
  resource,
  from,
}: {
  readonly resource: string;
  readonly from?: string | undefined;
}): string[] => (from === undefined ? [resource] : [resource, from]);

const tooLarge = (resource: string, bytes: number) =>
  problemOf('too-large', {
    resource,
    detail: `${resource} has ${bytes} bytes; at most ${limits.contentBytes} are pushed. Put it into the served base instead.`,
  });
