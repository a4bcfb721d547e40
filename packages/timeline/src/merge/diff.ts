import type { MergeSteps } from './merge-steps.ts';
import { slideChanges } from './slide-changes.ts';

/** `remove` elements from `at` on became `insert` elements, from `from` on in the other sequence. */
export interface Change {
  readonly at: number;
  readonly remove: number;
  readonly from: number;
  readonly insert: number;
}

/** Edits up to which a box is searched for its shortest path; beyond, it is cut where most of the way is made. */
const maxCost = 256;
/** Steps along diagonals in one comparison. */
const maxSteps = 1 << 22;

/**
 * What makes `other` of `base`, in order, no two changes touching. Elements are numbers, equal where lines or tokens are.
 *
 * Myers' O(ND) algorithm in linear space. What both have at their ends is set aside first, what occurs in one of them alone
 * is a change without being searched for, and at last each run of changes is moved to where people expect it.
 *
 * Steps are counted, never time, so that every machine finds the same. Where they run out, what was not compared yet is
 * one change: coarser, but true.
 */
export const diff = (base: Int32Array, other: Int32Array, steps?: MergeSteps): readonly Change[] => {
  const removed = new Uint8Array(base.length);
  const inserted = new Uint8Array(other.length);
  const searched = markChanges(base, other, removed, inserted);
  const slid = slideChanges(base, removed, inserted) + slideChanges(other, inserted, removed);
  steps?.(searched + slid);
  return changesOf(removed, inserted);
};

const changesOf = (removed: Uint8Array, inserted: Uint8Array): readonly Change[] => {
  const changes: Change[] = [];
  let at = 0;
  let from = 0;
  while (at < removed.length || from < inserted.length) {
    const start = at;
    const begin = from;
    while (removed[at] === 1) at += 1;
    while (inserted[from] === 1) from += 1;
    if (at > start || from > begin) {
      changes.push({ at: start, remove: at - start, from: begin, insert: from - begin });
    } else {
      at += 1;
      from += 1;
    }
  }
  return changes;
};

/** Sets aside what needs no search, and searches the rest. Answers the steps that were taken. */
const markChanges = (
  base: Int32Array,
  other: Int32Array,
  removed: Uint8Array,
  inserted: Uint8Array,
): number => {
  const shorter = Math.min(base.length, other.length);
  let head = 0;
  while (head < shorter && base[head] === other[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && base.at(-1 - tail) === other.at(-1 - tail)) tail += 1;
  const left = keepShared(base.subarray(head, base.length - tail), other, removed, head);
  const right = keepShared(other.subarray(head, other.length - tail), base, inserted, head);
  return new Search(left, right, removed, inserted).run();
};

/** What is left of a sequence to be searched, and where each element of it stood. */
interface Searched {
  readonly elements: Int32Array;
  readonly places: Int32Array;
}

/** What the other sequence has too; everything else is marked as changed. */
const keepShared = (
  sequence: Int32Array,
  other: Int32Array,
  changed: Uint8Array,
  offset: number,
): Searched => {
  const known = new Set(other);
  const elements = new Int32Array(sequence.length);
  const places = new Int32Array(sequence.length);
  let kept = 0;
  for (const [index, element] of sequence.entries()) {
    if (known.has(element)) {
      elements[kept] = element;
      places[kept] = offset + index;
      kept += 1;
    } else {
      changed[offset + index] = 1;
    }
  }
  return { elements: elements.subarray(0, kept), places: places.subarray(0, kept) };
};

/** A part of both sequences: [left, leftEnd) of the one against [right, rightEnd) of the other. */
interface Box {
  readonly left: number;
  readonly leftEnd: number;
  readonly right: number;
  readonly rightEnd: number;
}

/** Divides boxes at points of a shortest path between their corners, until nothing is left to divide. */
class Search {
  readonly #left: Searched;
  readonly #right: Searched;
  readonly #removed: Uint8Array;
  readonly #inserted: Uint8Array;
  /** How far each diagonal (left minus right) was reached from the upper corner, and from the lower one. */
  readonly #forward: Int32Array;
  readonly #backward: Int32Array;
  /** Index of diagonal 0. */
  readonly #zero: number;
  #steps = 0;

  constructor(left: Searched, right: Searched, removed: Uint8Array, inserted: Uint8Array) {
    this.#left = left;
    this.#right = right;
    this.#removed = removed;
    this.#inserted = inserted;
    const diagonals = left.elements.length + right.elements.length + 3;
    this.#forward = new Int32Array(diagonals);
    this.#backward = new Int32Array(diagonals);
    this.#zero = right.elements.length + 1;
  }

  run(): number {
    const a = this.#left.elements;
    const b = this.#right.elements;
    const boxes: Box[] = [{ left: 0, leftEnd: a.length, right: 0, rightEnd: b.length }];
    for (let box = boxes.pop(); box !== undefined; box = boxes.pop()) {
      let { left, leftEnd, right, rightEnd } = box;
      while (left < leftEnd && right < rightEnd && a[left] === b[right]) {
        left += 1;
        right += 1;
      }
      while (left < leftEnd && right < rightEnd && a[leftEnd - 1] === b[rightEnd - 1]) {
        leftEnd -= 1;
        rightEnd -= 1;
      }
      if (left === leftEnd || right === rightEnd || this.#steps > maxSteps) {
        for (let index = left; index < leftEnd; index += 1) this.#removed[this.#left.places[index] ?? 0] = 1;
        for (let index = right; index < rightEnd; index += 1)
          this.#inserted[this.#right.places[index] ?? 0] = 1;
        continue;
      }
      const [x, y] = this.#middle({ left, leftEnd, right, rightEnd });
      boxes.push({ left, leftEnd: x, right, rightEnd: y }, { left: x, leftEnd, right: y, rightEnd });
    }
    return this.#steps;
  }

  /** A point on a shortest path through the box; on a good one where the shortest is too dear. */
  #middle({ left, leftEnd, right, rightEnd }: Box): readonly [number, number] {
    const a = this.#left.elements;
    const b = this.#right.elements;
    const zero = this.#zero;
    const forward = this.#forward;
    const backward = this.#backward;
    const lowest = left - rightEnd;
    const highest = leftEnd - right;
    const start = left - right;
    const end = leftEnd - rightEnd;
    const isOdd = ((start - end) & 1) !== 0;
    forward[zero + start] = left;
    backward[zero + end] = leftEnd;
    let fromLow = start;
    let fromHigh = start;
    let toLow = end;
    let toHigh = end;

    for (let cost = 1; ; cost += 1) {
      // Each direction grows by one diagonal at either side, and shrinks where it meets the box's edge.
      if (fromLow > lowest) {
        fromLow -= 1;
        forward[zero + fromLow - 1] = -1;
      } else {
        fromLow += 1;
      }
      if (fromHigh < highest) {
        fromHigh += 1;
        forward[zero + fromHigh + 1] = -1;
      } else {
        fromHigh -= 1;
      }
      for (let diagonal = fromHigh; diagonal >= fromLow; diagonal -= 2) {
        const over = (forward[zero + diagonal - 1] ?? -1) + 1;
        const under = forward[zero + diagonal + 1] ?? -1;
        let x = over > under ? over : under;
        const begin = x;
        let y = x - diagonal;
        while (x < leftEnd && y < rightEnd && a[x] === b[y]) {
          x += 1;
          y += 1;
        }
        this.#steps += 1 + x - begin;
        forward[zero + diagonal] = x;
        if (isOdd && toLow <= diagonal && diagonal <= toHigh && (backward[zero + diagonal] ?? 0) <= x) {
          return [x, y];
        }
      }

      if (toLow > lowest) {
        toLow -= 1;
        backward[zero + toLow - 1] = far;
      } else {
        toLow += 1;
      }
      if (toHigh < highest) {
        toHigh += 1;
        backward[zero + toHigh + 1] = far;
      } else {
        toHigh -= 1;
      }
      for (let diagonal = toHigh; diagonal >= toLow; diagonal -= 2) {
        const over = backward[zero + diagonal - 1] ?? far;
        const under = (backward[zero + diagonal + 1] ?? far) - 1;
        let x = over < under ? over : under;
        const begin = x;
        let y = x - diagonal;
        while (x > left && y > right && a[x - 1] === b[y - 1]) {
          x -= 1;
          y -= 1;
        }
        this.#steps += 1 + begin - x;
        backward[zero + diagonal] = x;
        if (!isOdd && fromLow <= diagonal && diagonal <= fromHigh && x <= (forward[zero + diagonal] ?? 0)) {
          return [x, y];
        }
      }

      if (cost >= maxCost || this.#steps > maxSteps) {
        return this.#furthest({ left, leftEnd, right, rightEnd }, [fromLow, fromHigh], [toLow, toHigh]);
      }
    }
  }

  /** Where one of the two directions came furthest from its corner. */
  #furthest(
    { left, leftEnd, right, rightEnd }: Box,
    [fromLow, fromHigh]: readonly [number, number],
    [toLow, toHigh]: readonly [number, number],
  ): readonly [number, number] {
    let ahead: readonly [number, number] = [left, right];
    for (let diagonal = fromHigh; diagonal >= fromLow; diagonal -= 2) {
      const reached = Math.min(this.#forward[this.#zero + diagonal] ?? left, leftEnd);
      const y = Math.min(reached - diagonal, rightEnd);
      const x = y + diagonal;
      if (x + y > ahead[0] + ahead[1]) ahead = [x, y];
    }
    let behind: readonly [number, number] = [leftEnd, rightEnd];
    for (let diagonal = toHigh; diagonal >= toLow; diagonal -= 2) {
      const reached = Math.max(this.#backward[this.#zero + diagonal] ?? leftEnd, left);
      const y = Math.max(reached - diagonal, right);
      const x = y + diagonal;
      if (x + y < behind[0] + behind[1]) behind = [x, y];
    }
    const made = ahead[0] + ahead[1] - left - right;
    return made >= leftEnd + rightEnd - behind[0] - behind[1] ? ahead : behind;
  }
}

/** Beyond every index. */
const far = 0x7f_ff_ff_ff;
