import { conflictKind, isConflict, type Conflict } from '../frames/conflict.ts';
import { canonicalText } from '../objects/canonical.ts';
import { isLink, type Value } from '../objects/value.ts';

/** A value that may be missing. In conflicts null stands for what is missing. */
export type MaybeValue = Value | undefined;

export interface ThreeValues {
  readonly base: MaybeValue;
  readonly ours: MaybeValue;
  readonly theirs: MaybeValue;
}

export type Side = 'ours' | 'theirs';

/** What is known of a place besides the three values. */
export interface PlaceFacts {
  /** Whether the base was made of several for this merge, so that nobody has seen what is in conflict in it. */
  readonly isBaseMade: boolean;
  /** Whether what is in conflict are texts, written here or linked to: wholes that are edited in parts. */
  readonly isText: boolean;
  /** Whether a side has written or chosen a value since, and the other one has not heard of that. */
  readonly hasSaid: (side: Side, value: Value) => Promise<boolean>;
  /** The same of one that it has taken away. */
  readonly hasRemoved: (side: Side, value: Value) => Promise<boolean>;
}

/**
 * What is left where nobody could merge: a conflict of everything that one of the sides says and the other has not replaced.
 * Conflicts that the three are already are taken apart first, so that there is one with many sides and never one within
 * another; and a side that somebody has settled by choosing or editing it is gone, whoever still has it.
 *
 * With one side left it is no conflict any more, but that side.
 */
export const conflictOf = async (values: ThreeValues, facts: PlaceFacts): Promise<Value> => {
  const { base } = values;
  const left = await leftOf(values, facts);
  const [single, ...more] = left.values();
  return more.length === 0
    ? (single ?? null)
    : conflictAmong((isInConflict(base) ? base.base : base) ?? null, [...left.values()]);
};

const leftOf = async ({ base, ours, theirs }: ThreeValues, facts: PlaceFacts): Promise<Sides> => {
  const before = sidesOf(base);
  const [one, other]: readonly [OneSide, OneSide] = [
    { by: 'ours', beside: 'theirs', value: ours, sides: sidesOf(ours) },
    { by: 'theirs', beside: 'ours', value: theirs, sides: sidesOf(theirs) },
  ];
  const left = new Map<string, Value>();
  for (const [side, others] of [
    [one, other],
    [other, one],
  ] as const) {
    const isEdited = !facts.isBaseMade && isEditedBy(others, side);
    for (const [spelling, value] of side.sides) {
      // What one has of the base may be left over, and what it has chosen is something new.
      const isSaid = async () => !isEdited && (await facts.hasSaid(side.by, value));
      if (others.sides.has(spelling) || !before.has(spelling) || (await isSaid())) left.set(spelling, value);
    }
  }
  if (facts.isBaseMade) {
    await addEdited(one, left, facts);
    await addEdited(other, left, facts);
  }
  if (facts.isBaseMade || left.size === 0) {
    await addUnremoved(one, left, facts);
    await addUnremoved(other, left, facts);
  }
  return left;
};

interface OneSide {
  readonly by: Side;
  readonly beside: Side;
  readonly value: MaybeValue;
  readonly sides: Sides;
}

/** Whether one side says what the other has chosen, edited further. */
const isEditedBy = ({ value }: OneSide, { value: chosen }: OneSide): boolean =>
  isInConflict(value) && !isInConflict(chosen) && canonicalText(value.base) === canonicalText(chosen ?? null);

/**
 * Adds what is left of a side that seems to be dropped whole: in a base that nobody has seen it cannot be told what was dropped
 * from what was edited further, if it is large enough. A deletion is added as well, also where something else stands in its
 * place since: what the other one edited further may be what was deleted.
 */
const addEdited = async (
  { by, sides }: OneSide,
  left: Map<string, Value>,
  { isText, hasSaid }: PlaceFacts,
): Promise<void> => {
  const isLarge = largeness(isText);
  if ([...sides.keys()].some((spelling) => left.has(spelling))) return;
  if (![...left.values()].some(isLarge)) return;
  const added = [...sides].filter(([, value]) => value === null || isLarge(value));
  for (const [spelling, value] of added) left.set(spelling, value);
  if (added.length === 0 && (await hasSaid(by, null))) left.set(canonicalText(null), null);
};

/**
 * Adds what is large and nobody has taken away. Merges leave it out where it is within other values, and those may have been left
 * out for being within this one.
 */
const addUnremoved = async (
  { beside, sides }: OneSide,
  left: Map<string, Value>,
  { isText, hasRemoved }: PlaceFacts,
): Promise<void> => {
  const isLarge = largeness(isText);
  for (const [spelling, value] of sides) {
    if (!left.has(spelling) && isLarge(value) && !(await hasRemoved(beside, value)))
      left.set(spelling, value);
  }
};

/** Whether a value is edited in parts. */
const largeness = (isText: boolean): ((value: Value) => boolean) =>
  isText ? (value) => value !== null : isMapOrList;

/** A conflict of two sides or more, in their order. */
export const conflictAmong = (base: Value, sides: readonly Value[]): Conflict => ({
  kind: conflictKind,
  base,
  sides: sides.toSorted((one, other) => (canonicalText(one) < canonicalText(other) ? -1 : 1)),
});

const isMapOrList = (value: Value): boolean => typeof value === 'object' && value !== null && !isLink(value);

export const isInConflict = (value: MaybeValue): value is Conflict =>
  value !== undefined && isConflict(value);

type Sides = ReadonlyMap<string, Value>;

/** What a value says, by canonical spelling: one thing, or as many as a conflict has sides. */
export const sidesOf = (value: MaybeValue): Sides => {
  const sides = new Map<string, Value>();
  const waiting: Value[] = [value ?? null];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (isConflict(next)) waiting.push(...next.sides);
    else sides.set(canonicalText(next), next);
  }
  return sides;
};
