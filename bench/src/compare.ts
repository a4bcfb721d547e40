import type { Figure, Result } from './report/result.ts';

export interface Moved {
  readonly id: string;
  readonly before: number;
  readonly after: number;
  /** Change in parts of what it was. */
  readonly by: number;
  readonly verdict: 'better' | 'worse' | 'within noise';
}

/** A change that a reader would not act on, however surely it was measured. */
const smallest = 0.03;

/**
 * Says which figures moved beyond noise from one result to the other: those whose intervals no longer meet, by more than
 * anybody would care about.
 */
export const compare = (before: Result, after: Result): Moved[] =>
  after.figures.flatMap((figure) => {
    const former = before.figures.find(({ id }) => id === figure.id);
    return former === undefined ? [] : (movedBy(former, figure) ?? []);
  });

const movedBy = (former: Figure, figure: Figure): Moved | undefined => {
  if (former.ratio === null || figure.ratio === null) return undefined;
  const by = figure.ratio / former.ratio - 1;
  const apart = (figure.low ?? 0) > (former.high ?? 0) || (figure.high ?? 0) < (former.low ?? 0);
  const isNoise = !apart || Math.abs(by) < smallest;
  const grewWorse = by > 0 === !isMoreBetter(figure);
  return {
    id: figure.id,
    before: former.ratio,
    after: figure.ratio,
    by,
    verdict: isNoise ? 'within noise' : grewWorse ? 'worse' : 'better',
  };
};

const isMoreBetter = ({ bar }: Figure): boolean => bar !== null && 'atLeast' in bar;

export const comparison = (moved: readonly Moved[]): string => {
  const lines = moved
    .filter(({ verdict }) => verdict !== 'within noise')
    .map(
      ({ id, before, after, by, verdict }) =>
        `${verdict.padEnd(6)}  ${id}  ${before.toFixed(2)} → ${after.toFixed(2)}  ${Number.isFinite(by) ? `(${by > 0 ? '+' : ''}${(by * 100).toFixed(0)} %)` : '(from none)'}`,
    );
  const still = moved.length - lines.length;
  return [...lines, `${still} of ${moved.length} figures did not move beyond noise.`].join('\n');
};
