import type { Finding } from './finding.ts';
import type { HistoryView, Life, RuntimeStory } from './history-view.ts';

/** Effects that came more often than attempts were opened. */
export const doubledIn = (view: HistoryView): Finding[] =>
  [...view.runtimes.values()].flatMap((runtime) => {
    const attemptsOf = (push: string): number =>
      view.pushes.get(push)?.tracks.get(runtime.credential)?.attempt ?? 1;
    return [
      ...doubledMessages(runtime, attemptsOf),
      ...runtime.lives.flatMap((life) => doubledFiles(life, runtime.name, attemptsOf)),
    ];
  });

/** A message has its effect outside of the program, so that a later life of the runtime must not repeat it. */
const doubledMessages = ({ heard, name }: RuntimeStory, attemptsOf: (push: string) => number): Finding[] =>
  [...timesOf(heard.map(({ push }) => push))]
    .filter(([push, times]) => times > attemptsOf(push))
    .map(([push, times]) => {
      const what = `was heard ${times} times in ${attemptsOf(push)} attempts`;
      return { count: 'doubled', push, runtime: name, what };
    });

/** Files are what a program holds: one that starts without a push may get it, one that starts with it must not. */
const doubledFiles = (
  { start, effects }: Life,
  runtime: string,
  attemptsOf: (push: string) => number,
): Finding[] => {
  const atStart = Object.entries(start.standing).map(([resource, push]) => `${push} ${resource}`);
  const findings = new Map<string, Finding>();
  for (const [key, times] of timesOf([
    ...atStart,
    ...effects.map(({ push, resource }) => `${push} ${resource}`),
  ])) {
    const [push = '', resource = ''] = key.split(' ');
    if (times <= attemptsOf(push)) continue;
    const what = `came to be in place of ${resource} ${times} times in one life and ${attemptsOf(push)} attempts`;
    findings.set(push, { count: 'doubled', push, runtime, what });
  }
  return [...findings.values()];
};

const timesOf = (keys: readonly string[]): Map<string, number> => {
  const times = new Map<string, number>();
  for (const key of keys) times.set(key, (times.get(key) ?? 0) + 1);
  return times;
};
