import { isConflict } from '../frames/conflict.ts';
import { canonicalText } from '../objects/canonical.ts';
import { isLink, isMap, type Link, type Value, type ValueMap } from '../objects/value.ts';
import {
  conflictAmong,
  conflictOf,
  sidesOf,
  type BaseFacts,
  type MaybeValue,
  type ThreeValues,
} from './conflict-of.ts';

/** What a merge of values cannot do by itself. Each answers undefined where it does not know. */
export interface ValueMerging {
  /** Whether the base was made of several for this merge. */
  readonly isBaseMade: boolean;
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
  if (path[0] === 'entries' && path.length === 2) return mergeEntry(values, merging);
  if (isSame(theirs, base)) return ours;
  if (isSame(ours, base)) return theirs;
  if (areMaps(values)) return mergeMaps(values, merging, path);
  return (
    (await mergeWholes(values, merging, path)) ??
    leftOf(values, { isMade: merging.isBaseMade, isText: isTextAt(path) })
  );
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

/** The frame of a file: frames of one timeline come together in one, and only what is none is a matter of the base. */
const mergeEntry = async (values: ThreeValues, merging: ValueMerging): Promise<MaybeValue> => {
  const { base, ours, theirs } = values;
  const together = isLink(ours) && isLink(theirs) ? await merging.entries(ours, theirs) : undefined;
  if (together !== undefined) return together;
  const followed = new Map<string, Value[]>();
  const one = await upToBase(ours, base, followed, merging);
  const other = await upToBase(theirs, base, followed, merging);
  const left = entryLeftOf({ base, ours: one, theirs: other }, merging);
  if (left === undefined) return undefined;
  const sides: Value[] = [];
  for (const [spelling, side] of sidesOf(left)) {
    // What they say themselves: a frame of a base that was made of several may be nobody's tip.
    for (const said of followed.get(spelling) ?? [side]) await addSide(sides, said, merging);
  }
  const [single = null, ...more] = sides;
  return more.length === 0 ? single : conflictAmong((isConflict(left) ? left.base : base) ?? null, sides);
};

const entryLeftOf = (values: ThreeValues, { isBaseMade }: ValueMerging): MaybeValue => {
  const { base, ours, theirs } = values;
  if (isSame(theirs, base)) return ours;
  if (isSame(ours, base)) return theirs;
  return leftOf(values, { isMade: isBaseMade, isText: false });
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
const leftOf = (values: ThreeValues, base: BaseFacts): MaybeValue => {
  const left = conflictOf(values, base);
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
