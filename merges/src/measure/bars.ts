import type { Summary } from './summary.ts';

/** Something that is promised, and whether it holds. */
export interface Bar {
  readonly name: string;
  readonly figure: string;
  readonly promise: string;
  readonly holds: boolean;
}

/** What is promised of the merge, of any file of real merges. */
export const barsOf = ({
  clean,
  conflicts,
  lostLines,
  notIdempotent,
  notSymmetric,
  ms,
}: Summary): readonly Bar[] => {
  const zero = (name: string, figure: number): Bar => ({
    name,
    figure: String(figure),
    promise: '0',
    holds: figure === 0,
  });
  const below = (name: string, figure: number, bound: number): Bar => ({
    name,
    figure: `${figure} ms`,
    promise: `below ${bound} ms`,
    holds: figure < bound,
  });
  return [
    {
      name: 'clean, equal to git',
      figure: `${clean.equalToGit} of ${clean.cases}`,
      promise: '109 of 110',
      holds: clean.equalToGit * 110 >= clean.cases * 109,
    },
    {
      name: 'conflicts resolved',
      figure: `${conflicts.resolved} of ${conflicts.cases}`,
      promise: '12 of 40',
      holds: conflicts.resolved * 40 >= conflicts.cases * 12,
    },
    {
      name: 'resolved, equal to what people did',
      figure: `${conflicts.equalToHuman} of ${conflicts.resolved}`,
      promise: 'half',
      holds: conflicts.equalToHuman * 2 >= conflicts.resolved,
    },
    zero('resolved, unparsable', conflicts.unparsable),
    zero('lost lines', lostLines),
    zero('not idempotent', notIdempotent),
    zero('not symmetric', notSymmetric),
    below('time, median', ms.median, 0.5),
    below('time, 95 %', ms.p95, 10),
    below('time, longest', ms.max, 250),
  ];
};
