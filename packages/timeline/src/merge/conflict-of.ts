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
export const conflictOf = ({ base, ours, theirs }: ThreeValues, { isMade, isText }: BaseFacts): Value => {
  const before = sidesOf(base);
  const one = sidesOf(ours);
  const other = sidesOf(theirs);
  // Whoever has settled a conflict has said something new, also where it is one of its sides; where the other one has edited
  // that side further, it is that.
  const isSettled = (value: MaybeValue, beside: MaybeValue): boolean =>
    isInConflict(base) &&
    !isMade &&
    !isInConflict(value) &&
    (!isInConflict(beside) || canonicalText(beside.base) !== canonicalText(value ?? null));

  const left = new Map<string, Value>();
  const add = (sides: Sides, others: Sides, isSaid: boolean): void => {
    for (const [spelling, value] of sides) {
      if (isSaid || others.has(spelling) || !before.has(spelling)) left.set(spelling, value);
    }
  };
  add(one, other, isSettled(ours, theirs));
  add(other, one, isSettled(theirs, ours));
  // Each has dropped what the other kept, and nobody has written anything instead.
  const isNothingNew = isWithin(one, before) && isWithin(other, before);
  if (isNothingNew && !isWithin(one, other) && !isWithin(other, one))
    for (const [spelling, value] of [...one, ...other]) left.set(spelling, value);
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

const isInConflict = (value: MaybeValue): value is Conflict => value !== undefined && isConflict(value);

const isWithin = (one: Sides, other: Sides): boolean =>
  [...one.keys()].every((spelling) => other.has(spelling));

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
