import { loadFrame, type ObjectSource } from '../frames/load.ts';
import type { Address } from '../objects/address.ts';
import type { FrameObject } from '../objects/parsed-object.ts';

/**
 * Finds which frames of this side's history the other side knows: none of those found is an ancestor of another, and what
 * is not found, or below one that is, the other side lacks. It asks from the tip towards the past, in batches that grow, so
 * that no more is asked than twice what was done since, and stops at what is common.
 */
export class CommonFrames {
  readonly timeline: Address;
  readonly #source: ObjectSource;
  /** Frames above cannot be known to a side whose own history is lower. */
  readonly #notAbove: number;
  readonly #waiting = new Map<Address, FrameObject>();
  readonly #known = new Set<Address>();
  readonly #found: Address[] = [];
  #asked: readonly FrameObject[] = [];

  private constructor(source: ObjectSource, timeline: Address, notAbove: number) {
    this.#source = source;
    this.timeline = timeline;
    this.#notAbove = notAbove;
  }

  /** @throws {ProblemError} where the frame is missing or damaged. */
  static async from(source: ObjectSource, tip: Address, notAbove: number): Promise<CommonFrames> {
    const frame = await loadFrame(source, tip);
    const search = new CommonFrames(source, frame.timeline, notAbove);
    search.#waiting.set(tip, frame);
    return search;
  }

  /** Whether everything is known that there is to know. */
  get isDone(): boolean {
    return [...this.#waiting.keys()].every((address) => this.#known.has(address));
  }

  /** The best frames that both sides have; whole once it is done. */
  get found(): readonly Address[] {
    return this.#found;
  }

  /**
   * Frames to ask about next, the highest first.
   *
   * @throws {ProblemError} where a frame is missing or damaged.
   */
  async next(size: number): Promise<readonly Address[]> {
    const asked: FrameObject[] = [];
    while (asked.length < size && !this.isDone) {
      const frame = this.#takeHighest();
      const isKnown = this.#known.has(frame.address);
      if (!isKnown && frame.height <= this.#notAbove) asked.push(frame);
      for (const parent of frame.frame.parents) {
        if (isKnown) this.#known.add(parent);
        if (!this.#waiting.has(parent)) this.#waiting.set(parent, await loadFrame(this.#source, parent));
      }
    }
    this.#asked = asked;
    return asked.map(({ address }) => address);
  }

  /** Takes the answer to what was asked last: places of those that the other side knows. */
  answered(places: ReadonlySet<number>): void {
    for (const [place, { address, frame }] of this.#asked.entries()) {
      const isBelow = this.#known.has(address);
      if (!isBelow && !places.has(place)) continue;
      if (!isBelow) this.#found.push(address);
      this.#known.add(address);
      for (const parent of frame.parents) this.#known.add(parent);
    }
    this.#asked = [];
  }

  /** There are as many as branches side by side: few, as a rule one. */
  #takeHighest(): FrameObject {
    let highest: FrameObject | undefined;
    for (const frame of this.#waiting.values()) {
      if (highest === undefined || frame.height > highest.height) highest = frame;
    }
    if (highest === undefined) throw new TypeError('Nothing is waiting.');
    this.#waiting.delete(highest.address);
    return highest;
  }
}
