import { isConflict } from '../frames/conflict.ts';
import { canonicalText } from '../objects/canonical.ts';
import { isLink, isMap, type Link, type Value, type ValueMap } from '../objects/value.ts';
import type { BaseHistory } from './base-history.ts';
import {
  conflictAmong,
  conflictOf,
  sidesOf,
  type MaybeValue,
  type PlaceFacts,
  type Side,
  type ThreeValues,
} from './conflict-of.ts';

/** What a merge of values cannot do by itself. Each answers undefined where it does not know. */
export interface ValueMerging {
  readonly history: BaseHistory;
  /** Three texts of a field. */
  readonly texts: (base: string, ours: string, theirs: string) => string | undefined;
  /** Links to blobs that hold texts. */
  readonly files: (base: Link, ours: Link, theirs: Link) => Promise<Link | undefined>;
  /** Links to frames, by which a manifest names its files. */
  readonly entries: (ours: Link, theirs: Link) => Promise<Link | undefined>;
}

/**
 * Three-way merge of the data of frames. Fields that one side changed are as that side has them, maps are merged by their
 * keys, texts by their lines; lists and everything else are wholes. What both changed in different ways, or one changed and
 * the other took away, is a conflict in its place.
 */
export const mergeData = async (data: ThreeMaps, merging: ValueMerging): Promise<ValueMap> =>
  mergeMaps(data, merging, []);

const mergeMaps = async (
  { base = {}, ours, theirs }: ThreeMaps,
  merging: ValueMerging,
  path: readonly string[],
): Promise<ValueMap> => {
  const merged: [string, Value][] = [];
  for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const values = { base: own(base, key), ours: own(ours, key), theirs: own(theirs, key) };
    const value = await mergeValue(values, merging, [...path, key]);
    if (value !== undefined) merged.push([key, value]);
  }
  return Object.fromEntries(merged);
};

const own = (map: ValueMap, key: string): MaybeValue => (Object.hasOwn(map, key) ? map[key] : undefined);

const mergeValue = async (
  values: ThreeValues,
  merging: ValueMerging,
  path: readonly string[],
): Promise<MaybeValue> => {
  const { base, ours, theirs } = values;
  if (isSame(ours, theirs)) return ours;
  // A file's frames only ever move on: in what two come together is a matter of these two, whatever the base had.
  if (path[0] === 'entries' && path.length === 1 && areMaps(values)) return mergeMaps(values, merging, path);
  if (path[0] === 'entries' && path.length === 2) return mergeEntry(values, merging, path);
  if (isSame(theirs, base)) return ours;
  if (isSame(ours, base)) return theirs;
  if (areMaps(values)) return mergeMaps(values, merging, path);
  return (await mergeWholes(values, merging, path)) ?? (await leftOf(values, factsAt(path, merging)));
};

interface ThreeMaps {
  readonly base: ValueMap | undefined;
  readonly ours: ValueMap;
  readonly theirs: ValueMap;
}

const areMaps = (values: { readonly [side in keyof ThreeMaps]: MaybeValue }): values is ThreeMaps =>
  isPlainMap(values.ours) &&
  isPlainMap(values.theirs) &&
  (values.base === undefined || isPlainMap(values.base));

const factsAt = (path: readonly string[], { history }: ValueMerging): PlaceFacts => ({
  isBaseMade: history.isMade,
  isText: isTextAt(path),
  hasSaid: (side, value) => history.hasSaid(side, path, value),
  hasRemoved: (side, value) => history.hasRemoved(side, path, value),
});

/** The frame of a file: frames of one timeline come together in one, and only what is none is a matter of the base. */
const mergeEntry = async (
  values: ThreeValues,
  merging: ValueMerging,
  path: readonly string[],
): Promise<MaybeValue> => {
  const { base, ours, theirs } = values;
  const together = isLink(ours) && isLink(theirs) ? await merging.entries(ours, theirs) : undefined;
  if (together !== undefined) return together;
  const followed = new Map<string, Value[]>();
  const one = await upToBase(ours, base, followed, merging);
  const other = await upToBase(theirs, base, followed, merging);
  // What they say themselves: a frame of a base that was made of several may be nobody's tip.
  const saidFor = (side: Value): readonly Value[] => followed.get(canonicalText(side)) ?? [side];
  const left = await entryLeftOf({ base, ours: one, theirs: other }, saidFor, factsAt(path, merging));
  if (left === undefined) return undefined;
  const sides: Value[] = [];
  for (const said of [...sidesOf(left).values()].flatMap(saidFor)) {
    if (!(await isTakenAway(said, values, merging, path))) await addSide(sides, said, merging);
  }
  const [single = null, ...more] = sides;
  if (more.length === 0) return single ?? undefined;
  return conflictAmong((isConflict(left) ? left.base : base) ?? null, sides);
};

const entryLeftOf = async (
  values: ThreeValues,
  saidFor: (side: Value) => readonly Value[],
  facts: PlaceFacts,
): Promise<MaybeValue> => {
  const { base, ours, theirs } = values;
  if (isSame(theirs, base)) return ours;
  if (isSame(ours, base)) return theirs;
  const hasSaid = async (by: Side, value: Value): Promise<boolean> => {
    for (const said of saidFor(value)) if (await facts.hasSaid(by, said)) return true;
    return false;
  };
  return leftOf(values, { ...facts, hasSaid });
};

/**
 * Whether one side alone still has a frame that the other has seen in one of the bases and has taken away. A base that is made
 * of several does not tell: in it, that frame and another one came together in a frame which both seem to have.
 */
const isTakenAway = async (
  said: Value,
  { ours, theirs }: ThreeValues,
  merging: ValueMerging,
  path: readonly string[],
): Promise<boolean> => {
  const { history } = merging;
  if (!history.isMade || !isLink(said)) return false;
  const isIn = async (values: Iterable<Value>): Promise<boolean> => {
    for (const value of values) if (await isUpTo(said, value, merging)) return true;
    return false;
  };
  const isInOurs = await isIn(sidesOf(ours).values());
  if (isInOurs && (await isIn(sidesOf(theirs).values()))) return false;
  if (!(await isIn(history.seenAt(path)))) return false;
  return !(await history.hasSaid(isInOurs ? 'ours' : 'theirs', path, said));
};

/**
 * A value with the frames of the base in place of the earlier ones that it has: it has those as well, if as what was merged
 * in them, and has neither dropped them nor says anything new.
 *
 * @param followed hears by spelling of a frame of the base what stands there for it.
 */
const upToBase = async (
  value: MaybeValue,
  base: MaybeValue,
  followed: Map<string, Value[]>,
  merging: ValueMerging,
): Promise<MaybeValue> => {
  const sides = new Map<string, Value>();
  for (const [spelling, side] of sidesOf(value)) {
    let isEarlier = false;
    for (const [later, frame] of sidesOf(base)) {
      if (!(await isUpTo(side, frame, merging))) continue;
      isEarlier = true;
      followed.set(later, [...(followed.get(later) ?? []), side]);
      sides.set(later, frame);
    }
    if (!isEarlier) sides.set(spelling, side);
  }
  const [single = null, ...more] = sides.values();
  if (more.length === 0) return single === null ? value : single;
  return conflictAmong(value !== undefined && isConflict(value) ? value.base : null, [single, ...more]);
};

/** Whether a frame is an earlier one than another of its timeline, or the same. */
const isUpTo = async (side: Value, later: Value, merging: ValueMerging): Promise<boolean> =>
  isSame(side, later) || (isLink(side) && isLink(later) && isSame(await merging.entries(side, later), later));

/** What is left, or undefined where that is nothing. */
const leftOf = async (values: ThreeValues, facts: PlaceFacts): Promise<MaybeValue> => {
  const left = await conflictOf(values, facts);
  // In a conflict null stands for what is missing; alone it is a value only where somebody has written it.
  return left === null && values.ours !== null && values.theirs !== null ? undefined : left;
};

/** Adds a side, unless one is a later frame of its timeline; sides that are earlier ones make way for it. */
const addSide = async (sides: Value[], added: Value, merging: ValueMerging): Promise<void> => {
  const others: Value[] = [];
  for (const side of sides) {
    // A frame that would be made here would be nobody's tip.
    if (await isUpTo(added, side, merging)) return;
    if (!(await isUpTo(side, added, merging))) others.push(side);
  }
  sides.splice(0, sides.length, ...others, added);
};

/** Whether a value in this place is a text, or a link to one. */
const isTextAt = (path: readonly string[]): boolean => path.at(-1) === 'text' || path.at(-1) === 'source';

/** What is merged in another way than by taking one side's value. */
const mergeWholes = async (
  { base, ours, theirs }: ThreeValues,
  merging: ValueMerging,
  path: readonly string[],
): Promise<MaybeValue> => {
  const key = path.at(-1);
  if (key === 'text' && typeof base === 'string' && typeof ours === 'string' && typeof theirs === 'string') {
    return merging.texts(base, ours, theirs);
  }
  if (key !== 'source' || !isLink(base) || !isLink(ours) || !isLink(theirs)) return undefined;
  return merging.files(base, ours, theirs);
};

const isPlainMap = (value: MaybeValue): value is ValueMap =>
  value !== undefined && isMap(value) && !isConflict(value);

const isSame = (one: MaybeValue, other: MaybeValue): boolean => {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  return isLink(one) && isLink(other) ? one['/'] === other['/'] : canonicalText(one) === canonicalText(other);
};
