import { ProblemError, problemOf, type Problem } from '@cd-push/protocol';

import { framesBeyond } from '../frames/frames-beyond.ts';
import { loadObject, type ObjectSource } from '../frames/load.ts';
import { readAddress, type Address } from '../objects/address.ts';
import type { FrameObject, ParsedObject } from '../objects/parsed-object.ts';
import type { StoredObject } from '../space/space.ts';
import { bytesOf, type Cargo } from './cargo.ts';
import { beside } from './relations.ts';
import type { SyncLimits } from './sync-limits.ts';

/** What goes with one turn. */
export interface Load {
  readonly cargo: readonly Cargo[];
  /** Addresses that the other side may lack; it says which. */
  readonly offer: readonly Address[];
  /** Whether nothing is left, neither to send nor to ask about. */
  readonly isLast: boolean;
}

/** What one turn has room for. */
type Room = Pick<SyncLimits, 'turnObjects' | 'turnBytes'>;

/**
 * What goes to the other side of a saga: frames beyond those that both have, at once; everything else that these refer to
 * only where the other side says that it lacks it. Whoever has an object has all that it refers to, so that nothing is asked
 * about below what is there.
 */
export class Outgoing {
  readonly #source: ObjectSource;
  readonly #limits: SyncLimits;
  readonly #departure: (object: ParsedObject) => Promise<Problem | undefined>;
  readonly #streams: AsyncGenerator<FrameObject, void, undefined>[] = [];
  /** What is known to be lacking, in the order in which it goes. */
  readonly #lacking: Address[] = [];
  /** What may be lacking and was not asked about yet. */
  #candidates: Address[] = [];
  /** What needs no more thought: sent, to be sent, or there. */
  readonly #settled = new Set<Address>();
  #offered: readonly Address[] = [];
  /** Of what was offered because of something else that was: the object that refers to it. */
  readonly #offeredUpon = new Map<Address, Address>();
  #batch: number;
  #cut: { readonly object: StoredObject; at: number } | undefined;
  #sentObjects = 0;
  #sentBytes = 0;

  /**
   * @param source this side's objects, and what the other side has brought.
   * @param departure why something that is referred to may not go, if so.
   */
  constructor(
    source: ObjectSource,
    limits: SyncLimits,
    departure: (object: ParsedObject) => Promise<Problem | undefined> = async () => undefined,
  ) {
    this.#source = source;
    this.#limits = limits;
    this.#departure = departure;
    this.#batch = limits.firstBatch;
  }

  /** Objects that went whole, and all bytes that did. */
  get counts(): { readonly objects: number; readonly bytes: number } {
    return { objects: this.#sentObjects, bytes: this.#sentBytes };
  }

  /** About what is kept in memory: the addresses of what needs no more thought. */
  get memoryBytes(): number {
    return this.#settled.size * bytesPerAddress;
  }

  /**
   * Sends what leads to a tip, beyond frames that the other side has.
   *
   * @throws {ProblemError} where one of these is missing or damaged.
   */
  async addTimeline(tip: Address, known: readonly Address[]): Promise<void> {
    for (const address of known) {
      const object = await loadObject(this.#source, address);
      this.#settled.add(address);
      for (const there of object.refers) this.#settled.add(there);
    }
    this.#streams.push(framesBeyond(this.#source, tip, known));
  }

  /**
   * Sends what the other side says that it lacks, and what that refers to where it lacks that too.
   *
   * @throws {ProblemError} where it is missing or damaged, or may not go.
   */
  async addLacking(address: Address): Promise<void> {
    if (this.#settled.has(address)) return;
    this.#settled.add(address);
    await this.#send(address);
  }

  /** Sends objects that were made just now, and that the other side cannot have. */
  addNew(addresses: readonly Address[]): void {
    for (const address of addresses) {
      if (this.#settled.has(address)) continue;
      this.#settled.add(address);
      this.#lacking.push(address);
    }
  }

  /**
   * What goes next.
   *
   * @throws {ProblemError} where an object is missing or damaged.
   */
  async next(room: Room = this.#limits): Promise<Load> {
    const cargo: Cargo[] = [];
    let bytes = 0;
    while (cargo.length < room.turnObjects && bytes < room.turnBytes) {
      const item = await this.#nextItem();
      if (item === undefined) break;
      cargo.push(item.cargo);
      bytes += item.bytes;
    }
    this.#sentBytes += bytes;
    const offer = this.#hasMoreCargo || this.#offered.length > 0 ? [] : await this.#nextOffer();
    return {
      cargo,
      offer,
      isLast: !this.#hasMoreCargo && this.#offered.length === 0 && this.#candidates.length === 0,
    };
  }

  /** What was to go next, and as much more as there is room for. */
  async after({ cargo, offer }: Load): Promise<Load> {
    const { turnObjects, turnBytes } = this.#limits;
    const bytes = cargo.reduce((sum, item) => sum + bytesOf(item), 0);
    const more = await this.next({ turnObjects: turnObjects - cargo.length, turnBytes: turnBytes - bytes });
    return { ...more, cargo: [...cargo, ...more.cargo], offer: [...offer, ...more.offer] };
  }

  /**
   * Takes the answer to what was offered last: places of what is lacking.
   *
   * @throws {ProblemError} `invalid-request` for a place that was not offered.
   */
  async answered(lacks: readonly number[]): Promise<void> {
    const offered = this.#offered;
    this.#offered = [];
    for (const place of lacks) {
      if (place >= offered.length) {
        throw new ProblemError(
          problemOf('invalid-request', { detail: 'Something is said to be lacking that was not offered.' }),
        );
      }
    }
    const places = new Set(lacks);
    const lacking = new Set<Address>();
    for (const address of offered) this.#settled.add(address);
    for (const [place, address] of offered.entries()) {
      const upon = this.#offeredUpon.get(address);
      // Who has an object has what it refers to, and may not say so of a blob by itself.
      if (!places.has(place) || (upon !== undefined && !lacking.has(upon))) continue;
      lacking.add(address);
      await this.#send(address);
    }
  }

  async #send(address: Address): Promise<void> {
    this.#lacking.push(address);
    if (isBlob(address)) return;
    const { refers } = await this.#departing(address);
    for (const referred of refers) if (!this.#settled.has(referred)) this.#candidates.push(referred);
  }

  async #departing(address: Address): Promise<ParsedObject> {
    const object = await loadObject(this.#source, address);
    const problem = await this.#departure(object);
    if (problem !== undefined) throw new ProblemError(problem);
    return object;
  }

  get #hasMoreCargo(): boolean {
    return this.#cut !== undefined || this.#lacking.length > 0 || this.#streams.length > 0;
  }

  async #nextItem(): Promise<{ readonly cargo: Cargo; readonly bytes: number } | undefined> {
    if (this.#cut !== undefined) return this.#nextPiece(this.#cut);
    const lacking = this.#lacking.shift();
    const object = lacking === undefined ? await this.#nextFrame() : await loadObject(this.#source, lacking);
    if (object === undefined) return undefined;
    if (object.type === 'blob' && object.bytes.length > this.#limits.pieceBytes) {
      this.#cut = { object, at: 0 };
      return this.#nextPiece(this.#cut);
    }
    this.#sentObjects += 1;
    return { cargo: { type: 'object', object }, bytes: object.bytes.length };
  }

  #nextPiece(cut: { readonly object: StoredObject; at: number }): {
    readonly cargo: Cargo;
    readonly bytes: number;
  } {
    const { address, bytes } = cut.object;
    const { at } = cut;
    const part = bytes.subarray(at, at + this.#limits.pieceBytes);
    cut.at += part.length;
    if (cut.at === bytes.length) {
      this.#cut = undefined;
      this.#sentObjects += 1;
    }
    return {
      cargo: { type: 'piece', piece: { of: address, at, size: bytes.length, bytes: part } },
      bytes: part.length,
    };
  }

  /** The next frame of a history that was not sent by another one. */
  async #nextFrame(): Promise<ParsedObject | undefined> {
    for (let stream = this.#streams[0]; stream !== undefined; stream = this.#streams[0]) {
      const { value: frame } = await stream.next();
      if (frame === undefined) {
        this.#streams.shift();
        continue;
      }
      for (const address of beside(frame)) if (!this.#settled.has(address)) this.#candidates.push(address);
      if (this.#settled.has(frame.address)) continue;
      this.#settled.add(frame.address);
      return frame;
    }
    return undefined;
  }

  /**
   * What may be lacking, and, as far as there is room, what that refers to in turn, so that a deep graph does not take a
   * turn for each of its layers.
   */
  async #nextOffer(): Promise<readonly Address[]> {
    const offer = new Set<Address>();
    this.#offeredUpon.clear();
    let taken = 0;
    for (const candidate of this.#candidates) {
      if (offer.size >= this.#batch) break;
      taken += 1;
      if (!this.#settled.has(candidate)) offer.add(candidate);
    }
    this.#candidates = this.#candidates.slice(taken);
    const further = [...offer];
    for (
      let address = further.shift();
      address !== undefined && offer.size < this.#batch;
      address = further.shift()
    ) {
      if (isBlob(address)) continue;
      for (const referred of (await this.#departing(address)).refers) {
        if (offer.size >= this.#batch) break;
        if (this.#settled.has(referred) || offer.has(referred)) continue;
        offer.add(referred);
        this.#offeredUpon.set(referred, address);
        further.push(referred);
      }
    }
    if (offer.size > 0) this.#batch = Math.min(this.#batch * 2, this.#limits.lastBatch);
    this.#offered = [...offer];
    return this.#offered;
  }
}

/** Of an address in a set. */
const bytesPerAddress = 128;

const isBlob = (address: Address): boolean => readAddress(address)?.codec === 'raw';
