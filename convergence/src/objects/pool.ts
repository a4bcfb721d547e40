import type { Address } from '@cd-push/timeline';

import { isJsonMap, parseJson, type Json, type JsonMap } from './json.ts';

/** A frame as its bytes say it. */
export interface PooledFrame {
  readonly address: Address;
  /** Address of the genesis: its own, where it is one. */
  readonly timeline: Address;
  readonly parents: readonly Address[];
  readonly bases: readonly Address[];
  readonly data: JsonMap;
  readonly links: Readonly<Record<string, readonly Address[]>>;
}

/** Part of an address that tells it from the others of a history. */
export const shortOf = (address: string): string => `…${address.slice(-6)}`;

const addressPattern = /b[a-z2-7]{58,60}/g;
const blobPrefix = 'bafkrei';

/**
 * Every object that any replica of a history has ever committed. It reads them by itself, and asks nothing of the code whose
 * results are judged.
 */
export class Pool {
  readonly #bytes = new Map<Address, Uint8Array>();
  readonly #texts = new Map<Address, string>();
  readonly #frames = new Map<Address, PooledFrame | undefined>();
  readonly #refers = new Map<Address, readonly Address[]>();

  get size(): number {
    return this.#bytes.size;
  }

  put(address: Address, bytes: Uint8Array): void {
    if (!this.#bytes.has(address)) this.#bytes.set(address, bytes);
  }

  bytesOf(address: Address): Uint8Array | undefined {
    return this.#bytes.get(address);
  }

  /** An object or blob as text; undefined where nobody has committed it. */
  textOf(address: Address): string | undefined {
    const known = this.#texts.get(address);
    if (known !== undefined) return known;
    const bytes = this.#bytes.get(address);
    if (bytes === undefined) return undefined;
    const text = new TextDecoder().decode(bytes);
    this.#texts.set(address, text);
    return text;
  }

  /** Undefined where there is no such object, or it is no frame. */
  frameOf(address: Address): PooledFrame | undefined {
    if (this.#frames.has(address)) return this.#frames.get(address);
    const text = isBlob(address) ? undefined : this.textOf(address);
    const frame = text === undefined ? undefined : frameIn(address, parseJson(text));
    if (text !== undefined) this.#frames.set(address, frame);
    return frame;
  }

  /** Every address that stands in an object. */
  refersOf(address: Address): readonly Address[] {
    const known = this.#refers.get(address);
    if (known !== undefined) return known;
    const text = isBlob(address) ? '' : (this.textOf(address) ?? '');
    const refers = [...new Set(text.match(addressPattern))].map(addressIn);
    this.#refers.set(address, refers);
    return refers;
  }

  /** A timeline as people call it. */
  nameOf(timeline: Address): string {
    const { resource, module, document } = this.frameOf(timeline)?.data ?? {};
    if (typeof resource === 'string') return resource;
    if (typeof module === 'string') return `manifest of ${module}`;
    return typeof document === 'string' ? `document ${document}` : shortOf(timeline);
  }

  isAncestor(ancestor: Address, descendant: Address): boolean {
    const met = new Set<Address>();
    const waiting = [descendant];
    for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
      if (address === ancestor) return true;
      if (met.has(address)) continue;
      met.add(address);
      waiting.push(...(this.frameOf(address)?.parents ?? []));
    }
    return false;
  }

  /** The frames before this one that say something, the first one does not. */
  editedBefore(frame: Address): readonly Address[] {
    const met = new Set<Address>();
    const waiting = [...(this.frameOf(frame)?.parents ?? [])];
    for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
      const parents = this.frameOf(address)?.parents ?? [];
      if (met.has(address) || parents.length === 0) continue;
      met.add(address);
      waiting.push(...parents);
    }
    return [...met];
  }

  /** These and everything that they refer to, but for what is left out and what only that refers to. */
  closureOf(roots: readonly Address[], except: ReadonlySet<Address> = new Set()): Set<Address> {
    const met = new Set<Address>();
    const waiting = [...roots];
    for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
      if (met.has(address) || except.has(address)) continue;
      met.add(address);
      waiting.push(...this.refersOf(address));
    }
    return met;
  }
}

/** A CIDv1 of raw bytes over SHA-256, in base32: these first characters are the same in all of them. */
const isBlob = (address: Address): boolean => address.startsWith(blobPrefix);

const frameIn = (address: Address, value: Json): PooledFrame | undefined => {
  if (!isJsonMap(value) || value['kind'] !== 'cd-push/frame/1') return undefined;
  const { timeline, parents, data, links, merge } = value;
  if (!isJsonMap(data) || !isJsonMap(links)) return undefined;
  return {
    address,
    timeline: typeof timeline === 'string' ? addressIn(timeline) : address,
    parents: addressesIn(parents),
    bases: isJsonMap(merge) ? addressesIn(merge['base']) : [],
    data,
    links: Object.fromEntries(Object.entries(links).map(([name, list]) => [name, addressesIn(list)])),
  };
};

const addressesIn = (value: Json | undefined): readonly Address[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string').map(addressIn) : [];

/** What stands where an address has to stand: whether it is one is the business of the code that is judged. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here
export const addressIn = (text: string): Address => text as Address;
