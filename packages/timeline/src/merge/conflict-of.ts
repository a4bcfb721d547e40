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

/** What is known of a base besides its value. */
export interface BaseFacts {
  /** Whether it was made of several for this merge, so that nobody has seen what is in conflict in it. */
  readonly isMade: boolean;
  /** Sides that it has left behind, besides those that it has. */
  readonly outdated: readonly Value[];
  /** Whether what is in conflict are texts, written here or linked to: wholes that are edited in parts. */
  readonly isText: boolean;
}

/**
 * What is left where nobody could merge: a conflict of everything that one of the sides says and the other has not replaced.
 * Conflicts that the three are already are taken apart first, so that there is one with many sides and never one within
 * another; and a side that somebody has settled by choosing or editing it is gone, whoever still has it.
 *
 * With one side left it is no conflict any more, but that side.
 */
export const conflictOf = (
  { base, ours, theirs }: ThreeValues,
  { isMade, outdated, isText }: BaseFacts,
): Value => {
  const before = new Set([...sidesOf(base).keys(), ...outdated.map((side) => canonicalText(side))]);
  const one = sidesOf(ours);
  const other = sidesOf(theirs);
  // Two who have settled a conflict have each said something new, also where it is one of its sides.
  const areSettled = isInConflict(base) && !isMade && !isInConflict(ours) && !isInConflict(theirs);
  const isNew = (spelling: string): boolean => areSettled || !before.has(spelling);

  const left = new Map<string, Value>();
  for (const [spelling, value] of [...one, ...other]) {
    const inOne = one.has(spelling);
    const inOther = other.has(spelling);
    if ((inOne && inOther) || isNew(spelling)) left.set(spelling, value);
  }
  // Each has dropped what the other kept.
  if (left.size === 0) for (const [spelling, value] of [...one, ...other]) left.set(spelling, value);
  // In a base that nobody has seen it cannot be told what was dropped from what was edited further, if it is large enough,
  // and no deletion from one that somebody has undone.
  const isLarge = isText ? (value: Value): boolean => value !== null : isMapOrList;
  for (const sides of isMade ? [one, other] : []) {
    if ([...sides.keys()].some((spelling) => left.has(spelling))) continue;
    if (![...left.values()].some(isLarge)) continue;
    for (const [spelling, value] of sides) if (value === null || isLarge(value)) left.set(spelling, value);
  }
  const [single, ...more] = left.values();
  return more.length === 0
    ? (single ?? null)
    : conflictAmong((isInConflict(base) ? base.base : base) ?? null, [...left.values()]);
};

/** A conflict of two sides or more, in their order. */
export const conflictAmong = (base: Value, sides: readonly Value[]): Conflict => ({
  kind: conflictKind,
  base,
  sides: sides.toSorted((one, other) => (canonicalText(one) < canonicalText(other) ? -1 : 1)),
});

const isMapOrList = (value: Value): boolean => typeof value === 'object' && value !== null && !isLink(value);

const isInConflict = (value: MaybeValue) => value !== undefined && isConflict(value);

/** What a value says, by canonical spelling: one thing, or as many as a conflict has sides. */
export const sidesOf = (value: MaybeValue): ReadonlyMap<string, Value> => {
  const sides = new Map<string, Value>();
  const waiting: Value[] = [value ?? null];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (isConflict(next)) waiting.push(...next.sides);
    else sides.set(canonicalText(next), next);
  }
  return sides;
};
