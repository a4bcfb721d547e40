import { ProblemError, problemOf, type Problem } from '@cd-push/protocol';

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
      if (found.size >= limit) throw new ProblemError(tooMany(limit));
      const tip = await this.#space.tip(timeline);
      found.set(timeline, tip);
      if (tip !== undefined) waiting.push(...(await this.#ofTip(tip)));
    }
    return found;
  }

  /**
   * The same for somebody who may not read everything: a timeline that may not be read, or that relates to such a one, has no
   * tip then, as if it were not here.
   *
   * @throws {ProblemError} as {@link from}.
   */
  async readable(
    timelines: Iterable<Address>,
    limit: number,
    mayRead: (timeline: Address) => Promise<boolean>,
  ): Promise<ReadonlyMap<Address, Address | undefined>> {
    const named = [...timelines];
    const tips = new Map<Address, Address | undefined>();
    const relating = new Map<Address, Address[]>();
    const hidden: Address[] = [];
    const waiting = [...named];
    for (let timeline = waiting.pop(); timeline !== undefined; timeline = waiting.pop()) {
      if (tips.has(timeline)) continue;
      if (tips.size >= limit) throw new ProblemError(tooMany(limit));
      const tip = await this.#space.tip(timeline);
      tips.set(timeline, tip);
      if (tip === undefined) continue;
      if (!(await mayRead(timeline))) {
        hidden.push(timeline);
        continue;
      }
      for (const related of await this.#ofTip(tip)) {
        relating.set(related, [...(relating.get(related) ?? []), timeline]);
        waiting.push(related);
      }
    }
    const unread = new Set<Address>();
    for (let timeline = hidden.pop(); timeline !== undefined; timeline = hidden.pop()) {
      if (unread.has(timeline)) continue;
      unread.add(timeline);
      hidden.push(...(relating.get(timeline) ?? []));
    }
    const readable = new Map<Address, Address | undefined>();
    for (let timeline = named.pop(); timeline !== undefined; timeline = named.pop()) {
      if (readable.has(timeline)) continue;
      const tip = unread.has(timeline) ? undefined : tips.get(timeline);
      readable.set(timeline, tip);
      if (tip !== undefined) named.push(...(await this.#ofTip(tip)));
    }
    return readable;
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

const tooMany = (limit: number): Problem =>
  problemOf('too-large', { detail: `These relate to more than ${limit} timelines.` });

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
