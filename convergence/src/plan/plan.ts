import { Draw, type Weighted } from '../draw/draw.ts';

/** What may happen in a history. */
type StepKind =
  | 'edit'
  | 'create-document'
  | 'create-resource'
  | 'delete-resource'
  /** Two edit the same timeline, and neither knows of the other. */
  | 'concurrent'
  /** Two do the very same. */
  | 'same'
  /** Two take in what the other one had before its last edit. */
  | 'criss-cross'
  | 'announce'
  | 'push'
  | 'deliver'
  | 'exchange'
  /** A replica ends in the middle of something, and begins anew. */
  | 'crash'
  /** A replica edits while it is merging. */
  | 'race';

/** What happens next; who does it and where is drawn from its own seed, so that steps can be left out. */
export interface Step {
  /** From 1 on. */
  readonly number: number;
  readonly kind: StepKind;
  readonly seed: number;
}

export interface Plan {
  readonly seed: number;
  readonly history: number;
  readonly replicas: number;
  readonly steps: readonly Step[];
}

/** Changes that a history has at least, the one that begins its first document included. */
export const leastOperations = 20;
const mostOperations = 22;

/** Steps that change something, and how many changes each makes at least. */
const changing: readonly Weighted<readonly [StepKind, number]>[] = [
  [['edit', 1], 60],
  [['concurrent', 2], 10],
  [['same', 2], 4],
  [['criss-cross', 4], 6],
  [['create-document', 1], 3],
  [['create-resource', 1], 5],
  [['delete-resource', 1], 1],
];
const between: readonly Weighted<StepKind>[] = [
  ['announce', 6],
  ['push', 3],
  ['deliver', 14],
  ['exchange', 4],
  ['race', 1],
];
const crashChance = 0.025;
const betweenChance = 0.45;

/** The steps of a history: they follow from the seed and its number alone. */
export const planOf = (seed: number, history: number): Plan => {
  const draw = Draw.ofHistory(seed, history);
  const replicas = draw.between(3, 5);
  const operations = draw.between(leastOperations, mostOperations);
  const kinds: StepKind[] = ['concurrent'];
  // The first document is one, and these are two.
  let made = 3;
  while (made < operations) {
    const [kind, changes] = draw.weigh(changing);
    kinds.push(kind);
    made += changes;
  }
  const mixed = draw.shuffled(kinds).flatMap((kind) => {
    const next: StepKind[] = [kind];
    while (draw.chance(betweenChance)) next.push(draw.weigh(between));
    if (draw.chance(crashChance)) next.push('crash');
    return next;
  });
  return {
    seed,
    history,
    replicas,
    steps: mixed.map((kind, index) => ({ number: index + 1, kind, seed: draw.seed() })),
  };
};
