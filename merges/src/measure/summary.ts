import type { Measured } from './measure.ts';

/** All that is counted, as it is told. */
export interface Summary {
  readonly clean: { readonly cases: number; readonly equalToGit: number };
  readonly conflicts: {
    readonly cases: number;
    readonly resolved: number;
    readonly equalToHuman: number;
    readonly unparsable: number;
  };
  readonly lostLines: number;
  readonly notIdempotent: number;
  readonly notSymmetric: number;
  readonly ms: { readonly median: number; readonly p95: number; readonly max: number };
}

export const summaryOf = (measured: readonly Measured[]): Summary => {
  const count = (isCounted: (one: Measured) => boolean): number => measured.filter(isCounted).length;
  const isResolved = ({ isGitClean, merge }: Measured): boolean => !isGitClean && merge.kind === 'clean';
  const times = measured.flatMap(({ ms }) => ms ?? []).toSorted((one, other) => one - other);
  return {
    clean: {
      cases: count(({ isGitClean }) => isGitClean),
      equalToGit: count(({ equalsGit }) => equalsGit === true),
    },
    conflicts: {
      cases: count(({ isGitClean }) => !isGitClean),
      resolved: count(isResolved),
      equalToHuman: count((one) => isResolved(one) && one.equalsHuman),
      unparsable: count((one) => isResolved(one) && one.isUnparsable),
    },
    lostLines: measured.reduce((sum, { lost }) => sum + lost.length, 0),
    notIdempotent: count(({ isIdempotent }) => !isIdempotent),
    notSymmetric: count(({ isSymmetric }) => !isSymmetric),
    ms: { median: percentile(times, 50), p95: percentile(times, 95), max: percentile(times, 100) },
  };
};

/** Nearest rank; 0 where there is nothing. To the microsecond. */
const percentile = (sorted: readonly number[], percent: number): number => {
  const rank = Math.max(1, Math.ceil((sorted.length * percent) / 100));
  return Math.round((sorted[rank - 1] ?? 0) * 1000) / 1000;
};
