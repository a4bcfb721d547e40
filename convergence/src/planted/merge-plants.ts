import {
  appendMerge,
  canonicalText,
  conflictKind,
  isConflict,
  isMap,
  loadFrame,
  mergeBases,
  storedObject,
  type Address,
  type FrameContent,
  type FrameObject,
  type LaterFrame,
  type ObjectSource,
  type ParsedObject,
  type Space,
  type Value,
  type ValueMap,
} from '@cd-push/timeline';

import type { Engine, Merged } from '../engine/engine.ts';
import type { Plant } from './plant.ts';

interface Sides {
  readonly ours: FrameObject;
  readonly theirs: FrameObject;
  readonly base: FrameObject;
}

/** Says something else in a merge frame than what was merged. */
const remade =
  (remake: (merged: LaterFrame, sides: Sides) => FrameContent) =>
  (engine: Engine): Engine => ({
    ...engine,
    merge: async (space, ours, theirs) => {
      const merged = await engine.merge(space, ours, theirs);
      const made = await mergeFrameIn(space, merged);
      const merge = made?.merge;
      const [first] = merge?.base ?? [];
      if (made === undefined || merge === undefined || first === undefined) return merged;
      const [one, other, base] = await Promise.all(
        [ours, theirs, first].map((address) => loadFrame(space, address)),
      );
      if (one === undefined || other === undefined || base === undefined) return merged;
      const frame = await appendMerge(one, other, {
        ...remake(made, { ours: one, theirs: other, base }),
        merge,
      });
      return { tip: frame.address, objects: [...merged.objects, frame] };
    },
  });

/** The frame that a merge has made, if it has made one. */
const mergeFrameIn = async (space: Space, { tip, objects }: Merged): Promise<LaterFrame | undefined> => {
  if (objects.length === 0) return undefined;
  const made = new Map(objects.map(({ address, bytes }) => [address, bytes]));
  const { frame } = await loadFrame({ get: (address) => made.get(address) ?? space.get(address) }, tip);
  return frame.timeline === null ? undefined : frame;
};

const withoutConflicts = (value: Value): Value => {
  if (isConflict(value)) return withoutConflicts(value.sides[0] ?? null);
  return typeof value === 'object' && value !== null && isMap(value) ? mapWithout(value) : value;
};
const mapWithout = (map: ValueMap): ValueMap =>
  Object.fromEntries(Object.entries(map).map(([key, member]) => [key, withoutConflicts(member)]));

/** The value with every side of these, where one of them is a conflict. */
const withSidesOf = (values: readonly (Value | undefined)[], merged: Value): Value => {
  const given = values.filter((value) => value !== undefined);
  if (!given.some(isConflict)) return merged;
  const all = given.flatMap((value): readonly Value[] => (isConflict(value) ? value.sides : [value]));
  const sides = new Map(all.map((side) => [canonicalText(side), side]));
  return sides.size < 2
    ? merged
    : {
        kind: conflictKind,
        base: null,
        sides: [...sides.keys()].toSorted().map((key) => sides.get(key) ?? null),
      };
};

/** Shows a merge other ancestors than there are: both sides come from this one. */
class Beside implements Space, ObjectSource {
  readonly #space: Space & ObjectSource;
  readonly #shown: ReadonlyMap<Address, FrameObject>;

  constructor(space: Space & ObjectSource, sides: readonly FrameObject[], base: FrameObject) {
    this.#space = space;
    this.#shown = new Map(
      sides.map((side) => [
        side.address,
        side.frame.timeline === null
          ? side
          : { ...side, frame: { ...side.frame, parents: [base.address] } satisfies LaterFrame },
      ]),
    );
  }

  known(address: Address): ParsedObject | undefined {
    return this.#shown.get(address) ?? this.#space.known?.(address);
  }
  get(address: Address): ReturnType<Space['get']> {
    return this.#space.get(address);
  }
  has(addresses: readonly Address[]): ReturnType<Space['has']> {
    return this.#space.has(addresses);
  }
  tip(timeline: Address): ReturnType<Space['tip']> {
    return this.#space.tip(timeline);
  }
  tips(after: Address | undefined, limit: number): ReturnType<Space['tips']> {
    return this.#space.tips(after, limit);
  }
  commit(change: Parameters<Space['commit']>[0]): ReturnType<Space['commit']> {
    return this.#space.commit(change);
  }
}

/** Merges from another base than the right one. */
const withBase =
  (choose: (bases: readonly Address[], timeline: Address) => Address | undefined) =>
  (engine: Engine): Engine => ({
    ...engine,
    merge: async (space, ours, theirs) => {
      const bases = await mergeBases(space, ours, theirs);
      if (bases.includes(ours) || bases.includes(theirs)) return engine.merge(space, ours, theirs);
      const sides = [await loadFrame(space, ours), await loadFrame(space, theirs)];
      const chosen = choose(bases, sides[0]?.timeline ?? ours);
      if (chosen === undefined) return engine.merge(space, ours, theirs);
      return engine.merge(new Beside(space, sides, await loadFrame(space, chosen)), ours, theirs);
    },
  });

const linesIn = (value: Value | undefined): readonly string[] =>
  typeof value === 'string' ? value.split('\n') : [];

export const mergePlants: readonly Plant[] = [
  {
    name: 'drops a side of each conflict',
    foundBy: ['lostEdits'],
    into: remade(({ data, links }) => ({ data: mapWithout(data), links })),
  },
  {
    name: 'keeps each side that a conflict ever had',
    foundBy: ['lostEdits'],
    into: remade(({ data, links }, { ours, theirs }) => ({
      data: Object.fromEntries(
        Object.entries(data).map(([key, value]) => [
          key,
          withSidesOf([ours.frame.data[key], theirs.frame.data[key]], value),
        ]),
      ),
      links,
    })),
  },
  {
    name: 'takes all that theirs says',
    foundBy: ['lostEdits'],
    into: remade((_merged, { theirs }) => ({ data: theirs.frame.data, links: theirs.frame.links })),
  },
  {
    name: 'merges from the first frame of the timeline',
    foundBy: ['lostEdits'],
    into: withBase((_bases, timeline) => timeline),
  },
  {
    name: 'merges from one base where there are several',
    foundBy: ['lostEdits'],
    into: withBase((bases) => (bases.length > 1 ? bases[0] : undefined)),
  },
  {
    name: 'says when it was merged',
    foundBy: ['unstableAddresses'],
    into: (engine) => {
      let now = 0;
      return remade(({ data, links }) => ({ data: { ...data, mergedAt: (now += 1) }, links }))(engine);
    },
  },
  {
    name: 'names its parents as ours and theirs',
    foundBy: ['unstableAddresses', 'divergences'],
    into: (engine) => ({
      ...engine,
      merge: async (space, ours, theirs) => {
        const merged = await engine.merge(space, ours, theirs);
        const made = await mergeFrameIn(space, merged);
        if (made === undefined) return merged;
        const frame = await storedObject({ ...made, parents: [ours, theirs] });
        return { tip: frame.address, objects: [...merged.objects, frame] };
      },
    }),
  },
  {
    name: 'has twice what both have put in',
    foundBy: ['lostEdits'],
    into: remade(({ data, links }, { ours, theirs, base }) => {
      const [was, one, other] = [base, ours, theirs].map(({ frame }) => linesIn(frame.data['text']));
      const both = one?.filter(
        (line) => line !== '' && other?.includes(line) === true && was?.includes(line) === false,
      );
      const { text } = data;
      return both === undefined || both.length === 0 || typeof text !== 'string'
        ? { data, links }
        : { data: { ...data, text: `${text}\n${both.join('\n')}\n` }, links };
    }),
  },
  {
    name: 'relates to all that either is related to',
    foundBy: ['lostEdits'],
    into: remade(({ data, links }, { ours, theirs }) => ({
      data,
      links: Object.fromEntries(
        Object.keys({ ...links, ...ours.frame.links, ...theirs.frame.links }).map((name) => [
          name,
          [...new Set([...(ours.frame.links[name] ?? []), ...(theirs.frame.links[name] ?? [])])],
        ]),
      ),
    })),
  },
];
