import type { ValueMap } from '../objects/value.ts';
import { canonicalText } from '../objects/canonical.ts';

/** What follows from a file's source: what was done with it, what was made of it, and where it came from. */
const derived = ['change', 'digest', 'mapDigest', 'from'] as const;

/** Whether it is the data of a save of a file. */
export const isResourceData = ({ resource, change }: ValueMap): boolean =>
  typeof resource === 'string' && typeof change === 'string';

/** The data without what follows from its source; that is not merged by itself. */
export const withoutDerived = (data: ValueMap): ValueMap =>
  Object.fromEntries(Object.entries(data).filter(([key]) => !isDerived(key)));

/**
 * Gives merged data what follows from its source: as it is at the side whose source it has. A source that neither side has was
 * not pushed by anybody, and nothing was made of it yet.
 */
export const withDerived = (merged: ValueMap, ours: ValueMap, theirs: ValueMap, base: ValueMap): ValueMap => {
  const hasSource = ({ source }: ValueMap): boolean => spelled(source) === spelled(merged['source']);
  // Of two that have it, whoever has changed something else about it.
  const sides = [ours, theirs]
    .filter(hasSource)
    .toSorted((one, other) => (spelledDerived(one) < spelledDerived(other) ? -1 : 1));
  const side = sides.find((data) => spelledDerived(data) !== spelledDerived(base)) ?? sides[0];
  return { ...merged, ...(side === undefined ? { change: 'put' } : derivedOf(side)) };
};

const derivedOf = (data: ValueMap): ValueMap =>
  Object.fromEntries(Object.entries(data).filter(([key]) => isDerived(key)));

const isDerived = (key: string): boolean => derived.some((name) => name === key);
const spelledDerived = (data: ValueMap): string => canonicalText(derivedOf(data));
const spelled = (value: unknown): string | undefined =>
  value === undefined ? undefined : canonicalText(value);
