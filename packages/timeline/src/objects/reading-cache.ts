import type { StoredObject } from '../space/space.ts';
import type { Address } from './address.ts';
import type { DomainObject, ParsedObject } from './parsed-object.ts';

/** Objects that are kept, and the bytes of all of them: a few megabytes at most, read and unread. */
const maxObjects = 2_000;
const maxBytes = 2 * 1024 * 1024;

/**
 * What objects said that were read lately, by their addresses: frames come from several peers, and a history is walked for
 * every merge. It answers for bytes that were hashed again, and for nothing else. Kinds that somebody else reads are left to
 * whoever does.
 */
export class ReadingCache {
  /** What was asked for since the last turn, and before it. */
  #young = new Map<Address, DomainObject>();
  #old = new Map<Address, DomainObject>();
  #bytes = 0;

  /** What these bytes of the address say, if that is known. */
  get({ address, bytes }: StoredObject): DomainObject | undefined {
    const young = this.#young.get(address);
    if (young !== undefined) return { ...young, bytes };
    const old = this.#old.get(address);
    if (old === undefined) return undefined;
    const object = { ...old, bytes };
    this.put(object);
    return object;
  }

  put(object: ParsedObject): void {
    const { length } = object.bytes;
    if (object.type === 'control' || length > maxBytes / 2) return;
    if (this.#young.size >= maxObjects / 2 || this.#bytes + length > maxBytes / 2) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    // Bytes may be a part of a whole message, which would be kept with them.
    this.#young.set(object.address, { ...object, bytes: none });
    this.#bytes += length;
  }
}

const none = new Uint8Array();
