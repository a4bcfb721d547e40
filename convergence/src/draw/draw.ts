import { hash } from 'node:crypto';

import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** A choice and how often it is taken, compared to the others. */
export type Weighted<Item> = readonly [item: Item, weight: number];

/** Draws the same from the same seed, on every machine. */
export class Draw {
  readonly #generator: RandomGenerator;

  /** @param seed 32 bits */
  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
  }

  /** What is drawn for one of the histories of a run does not depend on the others. */
  static ofHistory(seed: number, history: number): Draw {
    return new Draw(Number.parseInt(hash('sha256', `${seed} ${history}`).slice(0, 8), 16) | 0);
  }

  /** A seed for draws that do not depend on how many are drawn here later. */
  seed(): number {
    return this.between(-(2 ** 31), 2 ** 31 - 1);
  }

  /** A whole number between these, both included. */
  between(least: number, most: number): number {
    return uniformInt(this.#generator, least, most);
  }

  chance(probability: number): boolean {
    return this.between(0, 999_999) < probability * 1_000_000;
  }

  /** Undefined where there is nothing to pick from. */
  pickFrom<Item>(items: readonly Item[]): Item | undefined {
    return items.length === 0 ? undefined : items[this.between(0, items.length - 1)];
  }

  /** @throws {RangeError} where there is nothing to pick from. */
  pick<Item>(items: readonly Item[]): Item {
    const item = this.pickFrom(items);
    if (item === undefined) throw new RangeError('There is nothing to pick from.');
    return item;
  }

  /** @throws {RangeError} where there is nothing to weigh. */
  weigh<Item>(choices: readonly Weighted<Item>[]): Item {
    let left = this.between(
      1,
      choices.reduce((sum, [, weight]) => sum + weight, 0),
    );
    for (const [item, weight] of choices) {
      left -= weight;
      if (left <= 0) return item;
    }
    throw new RangeError('There is nothing to weigh.');
  }

  shuffled<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = this.between(0, last);
      const [one, two] = [shuffled[last], shuffled[other]];
      if (one === undefined || two === undefined) continue;
      [shuffled[last], shuffled[other]] = [two, one];
    }
    return shuffled;
  }
}
