import type { Failing, Summary, Tally } from '../run/tally.ts';

const rows: readonly (readonly [keyof Summary, string])[] = [
  ['histories', 'histories'],
  ['operations', 'operations'],
  ['merges', 'merges'],
  ['conflicts', 'conflicts'],
  ['crashes', 'crashes'],
  ['divergences', 'divergences'],
  ['lostEdits', 'lost edits'],
  ['unstableAddresses', 'unstable addresses'],
];

/** What came of a run, for people. */
export const tableOf = (summary: Summary): string =>
  rows
    .map(([count, name]) => `${name.padEnd(18)}  ${summary[count].toLocaleString('en').padStart(12)}`)
    .join('\n');

/** The same for programs. */
export const jsonOf = (summary: Summary): string =>
  JSON.stringify(Object.fromEntries(rows.map(([count]) => [count, summary[count]])));

/** Each history that failed, and how to play it again. */
export const linesOf = (seed: number, failing: readonly Failing[]): readonly string[] =>
  failing.flatMap(({ history, findings }) => [
    `history ${history} fails; pnpm convergence --seed ${seed} --only ${history}`,
    ...findings.map(({ count, what }) => `  ${count}: ${what}`),
  ]);

/** A run that is under way, in one line. */
export const progressLine = ({ summary, failing }: Tally, histories: number, seconds: number): string => {
  const { histories: done, operations, merges } = summary;
  const left = Math.ceil(((histories - done) * seconds) / done);
  return `${done} of ${histories} histories, ${operations} operations, ${merges} merges, ${failing.length === 0 ? 'none' : 'some'} failing, ${left} s left`;
};
