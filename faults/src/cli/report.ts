import type { Summary, Verdict } from '../checker/check.ts';
import { counts, type Finding } from '../checker/finding.ts';
import type { Progress } from '../run/progress.ts';

/** Cases of one kind that are named; a run that goes wrong has thousands. */
const named = 20;

/** What came of a run, for people. */
export const tableOf = ({ summary, findings }: Verdict): string => {
  const rows: [string, string][] = [
    ['rounds', String(summary.rounds)],
    ['kills', String(summary.kills)],
    ...Object.entries(summary.faults).map(([name, times]): [string, string] => [`  ${name}`, String(times)]),
    ['accepted', String(summary.accepted)],
    ['checked', String(summary.checked)],
    ...counts.map((count): [string, string] => [count, String(summary[count])]),
    ['catch-up p99', `${summary.catchUpP99Ms} ms`],
  ];
  const [left, right] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(([name, value]) => `${name.padEnd(left ?? 0)}  ${value.padStart(right ?? 0)}`);
  return [...lines, ...linesOf(findings)].join('\n');
};

export const jsonOf = (summary: Summary): string => {
  const {
    rounds,
    kills,
    faults,
    accepted,
    checked,
    lost,
    doubled,
    reordered,
    phantom,
    regressed,
    catchUpP99Ms,
  } = summary;
  return JSON.stringify({
    rounds,
    kills,
    faults,
    accepted,
    checked,
    lost,
    doubled,
    reordered,
    phantom,
    regressed,
    catchUpP99Ms,
  });
};

/** Each thing that must not have happened, a line each. */
export const linesOf = (findings: readonly Finding[]): string[] =>
  counts.flatMap((count) => {
    const all = findings.filter((finding) => finding.count === count);
    const more = all.length > named ? [`${count}: and ${all.length - named} more`] : [];
    return [...all.slice(0, named).map(lineOf), ...more];
  });

const lineOf = ({ count, push, runtime, what }: Finding): string =>
  `${count}: push ${push}${runtime === undefined ? '' : ` at ${runtime}`} ${what}`;

/** A run that is under way, in one line. */
export const progressLine = (progress: Progress): string => {
  const { rounds, kills, accepted, refused, effects, open, doubtful } = progress;
  return `round ${rounds}  kills ${kills}  accepted ${accepted}  refused ${refused}  effects ${effects}  open ${open.size}  unanswered ${doubtful.size}`;
};
