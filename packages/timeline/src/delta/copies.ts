import { sources } from './grammar.ts';

/** Where a copy may go on: see `sources`. */
export interface Place {
  /** In what is made. */
  readonly position: number;
  /** Right behind what was copied from the base last. */
  readonly behind: number;
  /** Bytes that were made since. */
  readonly since: number;
}

/** Bytes that are there already, and about how many bits less it takes to say so than to say them one by one. */
export interface Copy {
  readonly source: number;
  /** Where they begin, in the base or in what was made. */
  readonly from: number;
  readonly length: number;
  readonly gain: number;
}

/** A copy that goes on in the base is taken as it is if it is longer, and nothing is searched for. */
const longEnough = 256;
/** Bytes by which a place is found again: names and the like by few, moved blocks by many. */
const shortKey = 4;
const longKey = 16;
/** Of the base every so many places are enough to find a block again that is somewhat longer than its key. */
const longStep = 8;
/** What is copied from the base is looked for there, and here only as far as something else may follow it. */
const acrossEnd = 32;
/** Places with the same key that are tried, the latest first. */
const triedShort = 64;
const triedLong = 16;
/** And all in all up to there: where everything looks alike and is not, fewer are tried. */
const triedPerByte = 4;
const triedAtLeast = 500_000;
const triedIfHard = 4;

/** Bits that it takes about to say something; choices are made by them, and nothing else. */
const bitsOfByte = 6;
const bitsOfCopy = 3;
const bitsOfSource = 4;
const bitsOfLength = 1.6;
const bitsOfOffset = 1.1;

/** Finds what of a content stands in another one, or stood in itself before. */
export class Copies {
  /** The base, and right behind it what is made of it. */
  readonly #all: Uint8Array;
  readonly #baseLength: number;
  readonly #short: Places;
  readonly #long: Places;
  #indexed = 0;
  #tried = 0;

  constructor(base: Uint8Array, target: Uint8Array) {
    this.#all = new Uint8Array(base.length + target.length);
    this.#all.set(base);
    this.#all.set(target, base.length);
    this.#baseLength = base.length;
    this.#short = new Places(shortKeyAt, this.#all.length, 1);
    this.#long = new Places(longKeyAt, base.length, longStep);
  }

  /** Places that were tried so far: what takes the time. */
  get tried(): number {
    return this.#tried;
  }

  /** Has more places of the base found from now on. Answers whether any are left. */
  index(places: number): boolean {
    this.#indexTo(Math.min(this.#indexed + places, this.#baseLength));
    return this.#indexed < this.#baseLength;
  }

  /** What comes before was copied from the base, where it is found anyway, but for what stands across its end. */
  pass({ position }: Place): void {
    this.#indexed = Math.max(this.#indexed, this.#baseLength + position - acrossEnd);
  }

  /** The copy that saves most; undefined where none saves anything. */
  at(place: Place): Copy | undefined {
    const goingOn = this.goingOn(place);
    if (goingOn !== undefined && goingOn.length >= longEnough) return goingOn;
    const at = this.#baseLength + place.position;
    this.#indexTo(at);
    let best = goingOn;
    const look = (from: number): void => {
      best = this.#better(best, from, place);
    };
    const isHard = this.#tried > triedAtLeast + triedPerByte * place.position;
    this.#lookAll(this.#long, at, isHard ? triedIfHard : triedLong, look);
    this.#lookAll(this.#short, at, isHard ? triedIfHard : triedShort, look);
    return best;
  }

  /** The better one of those that go on in the base where the last one has ended: nothing is searched for them. */
  goingOn(place: Place): Copy | undefined {
    const { behind, since } = place;
    const next = behind < this.#baseLength ? this.#better(undefined, behind, place) : undefined;
    return since > 0 && behind + since < this.#baseLength ? this.#better(next, behind + since, place) : next;
  }

  #better(best: Copy | undefined, from: number, { position, behind, since }: Place): Copy | undefined {
    const at = this.#baseLength + position;
    const length = this.#lengthAt(from, at, (best?.length ?? 0) >> 1);
    if (length < 2) return best;
    const source = this.#sourceOf(from, behind, since);
    const isMade = source === sources.made;
    const gain = length * bitsOfByte - bitsOf(source, length, Math.abs(from - (isMade ? at : behind)));
    return gain > (best?.gain ?? 0)
      ? { source, from: isMade ? from - this.#baseLength : from, length, gain }
      : best;
  }

  #lookAll(places: Places, at: number, atMost: number, look: (from: number) => void): void {
    let left = atMost;
    for (let from = places.firstLike(this.#all, at); from >= 0 && left > 0; from = places.next(from)) {
      look(from);
      left -= 1;
      this.#tried += 1;
    }
  }

  #indexTo(end: number): void {
    if (end <= this.#indexed) return;
    this.#short.add(this.#all, this.#indexed, end);
    this.#long.add(this.#all, this.#indexed, Math.min(end, this.#baseLength));
    this.#indexed = end;
  }

  /** How much is the same; 0 where that is not more than what would be of use. */
  #lengthAt(from: number, at: number, ofUse: number): number {
    const all = this.#all;
    const most = Math.min(all.length - at, from < this.#baseLength ? this.#baseLength - from : all.length);
    if (most <= ofUse || all[from + ofUse] !== all[at + ofUse]) return 0;
    let length = 0;
    while (length < most && all[from + length] === all[at + length]) length += 1;
    return length;
  }

  #sourceOf(from: number, behind: number, since: number): number {
    if (from >= this.#baseLength) return sources.made;
    if (from === behind) return sources.behind;
    return from === behind + since ? sources.beside : sources.base;
  }
}

const bitsOf = (source: number, length: number, offset: number): number => {
  const bits = bitsOfCopy + bitsOfLength * Math.log2(length + 1);
  return source === sources.behind || source === sources.beside
    ? bits
    : bits + bitsOfSource + bitsOfOffset * Math.log2(offset + 1);
};

const none = -1;

type KeyAt = (bytes: Uint8Array, place: number) => number;

/** Places by their key, the latest first. */
class Places {
  readonly #keyAt: KeyAt;
  readonly #step: number;
  readonly #shift: number;
  readonly #first: Int32Array;
  readonly #next: Int32Array;

  /** @param step from one place that is found again to the next. */
  constructor(keyAt: KeyAt, length: number, step: number) {
    const places = Math.ceil(length / step);
    const bits = Math.min(Math.max(32 - Math.clz32(places), 8), 15);
    this.#keyAt = keyAt;
    this.#step = step;
    this.#shift = 32 - bits;
    this.#first = new Int32Array(2 ** bits).fill(none);
    this.#next = new Int32Array(places);
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const [keyAt, step, shift] = [this.#keyAt, this.#step, this.#shift];
    const [first, next] = [this.#first, this.#next];
    for (let index = Math.ceil(start / step); index * step < end; index += 1) {
      const slot = keyAt(bytes, index * step) >>> shift;
      next[index] = first[slot] ?? none;
      first[slot] = index * step;
    }
  }

  firstLike(bytes: Uint8Array, place: number): number {
    return this.#first[this.#keyAt(bytes, place) >>> this.#shift] ?? none;
  }

  next(place: number): number {
    return this.#next[place / this.#step] ?? none;
  }
}

/** Hashes of the bytes from a place on, their best bits first: multiplied by 2³² over the golden ratio. */
const shortKeyAt: KeyAt = (bytes, place) => Math.imul(wordAt(bytes, place), golden);

const longKeyAt: KeyAt = (bytes, place) => {
  let key = 0;
  for (let word = 0; word < longKey; word += shortKey)
    key = Math.imul(key ^ wordAt(bytes, place + word), golden) ^ (key >>> 15);
  return Math.imul(key, golden);
};

const golden = 0x9e_37_79_b1;

/** Four bytes; past the end there are zeros. */
const wordAt: KeyAt = (bytes, place) =>
  (bytes[place] ?? 0) |
  ((bytes[place + 1] ?? 0) << 8) |
  ((bytes[place + 2] ?? 0) << 16) |
  ((bytes[place + 3] ?? 0) << 24);
