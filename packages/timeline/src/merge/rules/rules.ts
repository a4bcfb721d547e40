import { addedToTheSame } from './added-to-the-same.ts';
import { onlyRemoved } from './only-removed.ts';
import { raisedVersion } from './raised-version.ts';
import { removedAndRewritten } from './removed-and-rewritten.ts';
import { respaced } from './respaced.ts';
import type { Collision, Rule } from './rule.ts';
import { unitedItems } from './united-items.ts';

/** In the order in which they are asked. */
const rules: readonly Rule[] = [
  respaced,
  onlyRemoved,
  addedToTheSame,
  removedAndRewritten,
  raisedVersion,
  unitedItems,
];

/** What the first rule that knows says. */
export const settledByRule = (collision: Collision): string | undefined => {
  for (const rule of rules) {
    const settled = rule(collision);
    if (settled !== undefined) return settled;
  }
  return undefined;
};
