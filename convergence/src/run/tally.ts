import { counts, type Finding } from '../checker/finding.ts';
import type { Outcome } from '../history/run-history.ts';

/** What came of many histories. */
export interface Summary {
  readonly histories: number;
  readonly operations: number;
  readonly merges: number;
  readonly conflicts: number;
  readonly crashes: number;
  readonly divergences: number;
  readonly lostEdits: number;
  readonly unstableAddresses: number;
}

const emptySummary: Summary = {
  histories: 0,
  operations: 0,
  merges: 0,
  conflicts: 0,
  crashes: 0,
  divergences: 0,
  lostEdits: 0,
  unstableAddresses: 0,
};

/** A history in which something was found. */
export interface Failing {
  readonly history: number;
  readonly findings: readonly Finding[];
}

export interface Tally {
  readonly summary: Summary;
  /** The first ones: of a run in which everything fails, no more are kept. */
  readonly failing: readonly Failing[];
}

/** Histories that fail and are told of, and what is told of each. */
const mostFailing = 100;
const mostFindings = 5;

export const emptyTally: Tally = { summary: emptySummary, failing: [] };

export const tallyOf = (
  history: number,
  { operations, merges, conflicts, crashes, findings }: Outcome,
): Tally => {
  const [divergences = 0, lostEdits = 0, unstableAddresses = 0] = counts.map(
    (count) => findings.filter((finding) => finding.count === count).length,
  );
  return {
    summary: {
      histories: 1,
      operations,
      merges,
      conflicts,
      crashes,
      divergences,
      lostEdits,
      unstableAddresses,
    },
    failing: findings.length === 0 ? [] : [{ history, findings: findings.slice(0, mostFindings) }],
  };
};

export const added = (one: Tally, other: Tally): Tally => ({
  summary: {
    histories: one.summary.histories + other.summary.histories,
    operations: one.summary.operations + other.summary.operations,
    merges: one.summary.merges + other.summary.merges,
    conflicts: one.summary.conflicts + other.summary.conflicts,
    crashes: one.summary.crashes + other.summary.crashes,
    divergences: one.summary.divergences + other.summary.divergences,
    lostEdits: one.summary.lostEdits + other.summary.lostEdits,
    unstableAddresses: one.summary.unstableAddresses + other.summary.unstableAddresses,
  },
  failing: [...one.failing, ...other.failing].toSorted((a, b) => a.history - b.history).slice(0, mostFailing),
});

export const isClean = (summary: Summary): boolean => counts.every((count) => summary[count] === 0);
