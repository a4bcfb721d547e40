import type { PatchContent, PatchHead } from '@cd-push/protocol';
import { encodeDelta, fromBase64, utf8 } from '@cd-push/timeline';

import { namesOf, predecessorOf } from './encode-patch.ts';
import { toBase64 } from './travelling.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** What an accepted push left in place of a file. */
interface Pushed {
  readonly digest: string;
  readonly content: Bytes;
  readonly map: { readonly digest: string; readonly content: Bytes } | undefined;
}

/** Bytes that are kept in all, and of one file. */
const keptInAll = 16 * 1024 * 1024;
const keptOfOne = 1024 * 1024;
/** Bytes of a file that travels as a whole: it fits the packets that are sent at once. */
const smallEnough = 8 * 1024;
/** Bytes of a delta; who has changed more sends the whole sooner than all differences are found. */
const deltaAtMost = 1024;

/** What a sender has pushed last, so that the next version of a file travels as what differs. */
export class PushedContents {
  /** By environment and resource, latest last. */
  readonly #kept = new Map<string, Pushed>();
  #bytes = 0;

  /** Notes what an accepted push left in place; its contents are whole, in the order of its patches. */
  keep(environment: string, patches: readonly PatchHead[], contents: readonly PatchContent[]): void {
    for (const [index, patch] of patches.entries()) {
      for (const name of namesOf(patch)) this.#forget(keyOf(environment, name));
      const pushed = pushedOf(patch, contents[index]);
      if (pushed === undefined || lengthOf(pushed) > keptOfOne) continue;
      this.#kept.set(keyOf(environment, patch.resource), pushed);
      this.#bytes += lengthOf(pushed);
    }
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= keptInAll) return;
      this.#forget(oldest);
    }
  }

  /** The contents of a push, as deltas upon what they follow where that is known here and little has changed. */
  async smaller(
    environment: string,
    patches: readonly PatchHead[],
    contents: readonly PatchContent[],
  ): Promise<PatchContent[]> {
    const smaller: PatchContent[] = [];
    for (const [index, content] of contents.entries()) {
      const patch = patches[index];
      const base = patch && this.#kept.get(keyOf(environment, predecessorOf(patch)));
      const follows = base !== undefined && patch?.predecessor === base.digest;
      smaller.push((follows && (await deltaUpon(base, pushedOf(patch, content)))) || content);
    }
    return smaller;
  }

  #forget(key: string): void {
    const pushed = this.#kept.get(key);
    if (pushed === undefined) return;
    this.#kept.delete(key);
    this.#bytes -= lengthOf(pushed);
  }
}

const deltaUpon = async (base: Pushed, next: Pushed | undefined): Promise<PatchContent | undefined> => {
  if (next === undefined) return undefined;
  const delta = await between(base.content, next.content);
  if (delta === undefined) return undefined;
  const common = { encoding: 'delta' as const, base: base.digest, delta };
  if (next.map === undefined) return common;
  if (base.map === undefined) return undefined;
  const map = await between(base.map.content, next.map.content);
  if (map === undefined) return undefined;
  return { ...common, map: { base: base.map.digest, delta: map, bytes: next.map.content.length } };
};

const between = async (base: Bytes, next: Bytes): Promise<string | undefined> => {
  const delta = await encodeDelta(base, next, { atMost: deltaAtMost });
  return delta && toBase64(delta);
};

/** Undefined for a content that is not here, or too small to be made smaller. */
const pushedOf = (
  { digest, bytes, mapDigest }: PatchHead,
  content: PatchContent | undefined,
): Pushed | undefined => {
  if (digest === null || bytes <= smallEnough) return undefined;
  switch (content?.encoding) {
    case 'text': {
      const map =
        mapDigest === undefined || content.map === undefined
          ? undefined
          : { digest: mapDigest, content: utf8(content.map) };
      return { digest, content: utf8(content.text), map };
    }
    case 'base64':
      return { digest, content: fromBase64(content.base64) ?? utf8(''), map: undefined };
    case 'delta':
    case 'stored':
    case 'none':
    case undefined:
      return undefined;
    default:
      return content satisfies never;
  }
};

const lengthOf = ({ content, map }: Pushed): number => content.length + (map?.content.length ?? 0);

const keyOf = (environment: string, resource: string): string => `${environment}:${resource}`;
