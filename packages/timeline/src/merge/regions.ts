import type { Change } from './diff.ts';
import type { Span } from './parts.ts';

/** A part that one side changed, that both changed alike, or that both changed in different ways. */
export interface Region {
  readonly by: 'ours' | 'theirs' | 'both';
  readonly base: Span;
  readonly ours: Span;
  readonly theirs: Span;
}

/**
 * Which changes belong together: those that overlap or `touch`, or only those that `overlap`. What is inserted at the edge of
 * what the other side changed belongs together with it either way: nothing says which of them comes first.
 */
export type Nearness = 'touch' | 'overlap';

/** Lays both sides' changes of one base side by side; between regions all three are the same. */
export const regionsOf = (
  ours: readonly Change[],
  theirs: readonly Change[],
  nearness: Nearness,
): readonly Region[] => {
  const regions: Region[] = [];
  const one = new Walk(ours);
  const other = new Walk(theirs);
  while (one.start < Infinity || other.start < Infinity) {
    const start = Math.min(one.start, other.start);
    let end = start;
    one.open(start);
    other.open(start);
    const isNear = (walk: Walk): boolean =>
      walk.start < end || (walk.start === end && (nearness === 'touch' || end === start || walk.isInsertion));
    for (;;) {
      if (isNear(one)) end = Math.max(end, one.take());
      else if (isNear(other)) end = Math.max(end, other.take());
      else break;
    }
    regions.push({
      by: one.took ? (other.took ? 'both' : 'ours') : 'theirs',
      base: { start, end },
      ours: one.close(end),
      theirs: other.close(end),
    });
  }
  return regions;
};

/** Goes through one side's changes, and knows where a place of the base is in that side. */
class Walk {
  readonly #changes: readonly Change[];
  #next = 0;
  /** What the side is ahead of the base behind the changes taken so far. */
  #shift = 0;
  #from = 0;
  took = false;

  constructor(changes: readonly Change[]) {
    this.#changes = changes;
  }

  /** Where in the base the next change begins. */
  get start(): number {
    return this.#changes[this.#next]?.at ?? Infinity;
  }

  /** Whether the next change removes nothing. */
  get isInsertion(): boolean {
    return this.#changes[this.#next]?.remove === 0;
  }

  open(start: number): void {
    this.#from = start + this.#shift;
    this.took = false;
  }

  /** Takes the next change, and tells where in the base it ends. */
  take(): number {
    const change = this.#changes[this.#next];
    if (change === undefined) return -Infinity;
    this.#next += 1;
    this.#shift += change.insert - change.remove;
    this.took = true;
    return change.at + change.remove;
  }

  close(end: number): Span {
    return { start: this.#from, end: end + this.#shift };
  }
}
