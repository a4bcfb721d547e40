import { ok, problemOf, refuse, type Problem, type Result } from '@cd-push/protocol';

import type { Awaitable } from '../crypto/port.ts';
import type { ObjectSource } from '../frames/load.ts';
import { addressOf, readAddress, type Address } from '../objects/address.ts';
import { objectLimits } from '../objects/object-limits.ts';
import { objectProblem } from '../objects/object-problem.ts';
import type { QuarantineLimits } from '../space/quarantine-limits.ts';
import { Quarantine } from '../space/quarantine.ts';
import type { Space } from '../space/space.ts';
import type { Cargo, Piece } from './cargo.ts';

/** A blob of which a part has come. */
interface Partial {
  readonly size: number;
  readonly parts: Uint8Array[];
  /** Bytes that have come; the next piece begins here. */
  at: number;
}

/** What comes from the other side of a saga: into quarantine, and nowhere else. */
export class Incoming {
  readonly quarantine: Quarantine;
  readonly #space: Space;
  readonly #limits: QuarantineLimits;
  readonly #partial = new Map<Address, Partial>();
  #partialBytes = 0;
  #objects = 0;
  #bytes = 0;

  constructor(space: Space, limits: QuarantineLimits) {
    this.quarantine = new Quarantine(space, { limits });
    this.#space = space;
    this.#limits = limits;
  }

  /** What has come, seen together with the space. */
  get source(): ObjectSource {
    return this.quarantine.source;
  }

  /** Objects that have come whole, and all bytes that have. */
  get counts(): { readonly objects: number; readonly bytes: number } {
    return { objects: this.#objects, bytes: this.#bytes };
  }

  /** Takes in what came with a turn; refuses as `bad-object`, `bad-frame` or `too-large`. */
  async take(cargo: readonly Cargo[]): Promise<Result<void, Problem>> {
    for (const [index, item] of cargo.entries()) {
      if (index > 0 && index % takenAtOnce === 0) await othersTurn();
      const object = item.type === 'object' ? ok(item.object) : await this.#join(item.piece);
      if (!object.ok) return object;
      if (object.value === undefined) continue;
      const added = await this.quarantine.add([object.value]);
      if (!added.ok) return added;
      this.#objects += 1;
      if (item.type === 'object') this.#bytes += object.value.bytes.length;
    }
    return ok(undefined);
  }

  /**
   * Places of the addresses that are neither here nor have come.
   *
   * @param mayKnow whether the other side may be told of a blob that it is here; another is as good as lacking, since knowing
   *   an address is not having the bytes.
   */
  async lacking(
    offer: readonly Address[],
    mayKnow: (blob: Address) => Awaitable<boolean> = () => true,
  ): Promise<readonly number[]> {
    const here = await this.#space.has(offer);
    const places: number[] = [];
    for (const [place, address] of offer.entries()) {
      if (this.source.known?.(address) !== undefined) continue;
      const isBlob = readAddress(address)?.codec === 'raw';
      if (!here.has(address) || (isBlob && !(await mayKnow(address)))) places.push(place);
    }
    return places;
  }

  async #join({
    of,
    at,
    size,
    bytes,
  }: Piece): Promise<Result<{ readonly address: Address; readonly bytes: Uint8Array } | undefined, Problem>> {
    const partial = this.#partial.get(of) ?? { size, parts: [], at: 0 };
    if (at !== partial.at || size !== partial.size || bytes.length === 0 || at + bytes.length > size) {
      return refuse(objectProblem('bad-object', of, 'The pieces of this blob do not fit each other.'));
    }
    if (size > objectLimits.blobBytes) {
      return refuse(objectProblem('too-large', of, `At most ${objectLimits.blobBytes} bytes fit an object.`));
    }
    if (this.quarantine.bytes + this.#partialBytes + bytes.length > this.#limits.bytes) {
      return refuse(
        problemOf('too-large', { detail: `This brings more than ${this.#limits.bytes} bytes at once.` }),
      );
    }
    partial.parts.push(bytes);
    partial.at += bytes.length;
    this.#partialBytes += bytes.length;
    this.#bytes += bytes.length;
    this.#partial.set(of, partial);
    if (partial.at < size) return ok(undefined);
    this.#partial.delete(of);
    this.#partialBytes -= size;
    const whole = joined(partial);
    const address = await addressOf('raw', whole);
    return address === of
      ? ok({ address, bytes: whole })
      : refuse(objectProblem('bad-object', of, 'The pieces are not those of what the address names.'));
  }
}

/** Objects that are read without a pause: some milliseconds. */
const takenAtOnce = 64;

/** Lets whatever else this process has to do go on: reading objects waits for nothing by itself. */
const othersTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve);
  });

const joined = ({ size, parts }: Partial): Uint8Array => {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};
