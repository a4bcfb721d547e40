import { ProblemError, problemOf } from '@cd-push/protocol';

import { loadObject, type ObjectSource } from '../frames/load.ts';
import { readAddress, type Address } from '../objects/address.ts';
import type { FrameObject } from '../objects/parsed-object.ts';
import type { Space } from '../space/space.ts';

/** Tips whose relations are kept; they never change. */
const kept = 20_000;

/** Tells which timelines the tips of a space relate to. One for a space, as long as that is used. */
export class Relations {
  readonly #space: Pick<Space, 'get' | 'tip'>;
  readonly #byTip = new Map<Address, readonly Address[]>();

  constructor(space: Pick<Space, 'get' | 'tip'>) {
    this.#space = space;
  }

  /**
   * The timelines, and those that they relate to by their tips here, and so on: by name, with the tip of each, or undefined
   * where there is none.
   *
   * @param limit timelines at most: `too-large`.
   * @throws {ProblemError} where an object is missing or damaged.
   */
  async from(
    timelines: Iterable<Address>,
    limit: number,
  ): Promise<ReadonlyMap<Address, Address | undefined>> {
    const found = new Map<Address, Address | undefined>();
    const waiting = [...timelines];
    for (let timeline = waiting.pop(); timeline !== undefined; timeline = waiting.pop()) {
      if (found.has(timeline)) continue;
      if (found.size >= limit) {
        const detail = `These relate to more than ${limit} timelines.`;
        throw new ProblemError(problemOf('too-large', { detail }));
      }
      const tip = await this.#space.tip(timeline);
      found.set(timeline, tip);
      if (tip !== undefined) waiting.push(...(await this.#ofTip(tip)));
    }
    return found;
  }

  async #ofTip(tip: Address): Promise<readonly Address[]> {
    const known = this.#byTip.get(tip);
    if (known !== undefined) return known;
    const related = await relatedTo(this.#space, tip);
    if (this.#byTip.size >= kept) this.#byTip.clear();
    this.#byTip.set(tip, related);
    return related;
  }
}

/** Other timelines that a frame refers to, itself or by something without a timeline. */
const relatedTo = async (source: ObjectSource, tip: Address): Promise<readonly Address[]> => {
  const related = new Set<Address>();
  const met = new Set<Address>();
  const own = await loadObject(source, tip);
  const waiting = own.type === 'frame' ? [...beside(own)] : [...own.refers];
  for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
    if (met.has(address) || readAddress(address)?.codec !== 'json') continue;
    met.add(address);
    const object = await loadObject(source, address);
    if (object.type === 'frame') related.add(object.timeline);
    else waiting.push(...object.refers);
  }
  if (own.type === 'frame') related.delete(own.timeline);
  return [...related];
};

/** What a frame refers to besides the history that it stands in. */
export const beside = ({ frame, refers }: FrameObject): readonly Address[] => {
  const history = new Set<Address | null>([frame.timeline, ...frame.parents]);
  if (frame.timeline !== null) for (const base of frame.merge?.base ?? []) history.add(base);
  return refers.filter((address) => !history.has(address));
};
