import { loadNow, machineAt } from './report/machine.ts';
import { bars } from './report/bars.ts';
import { missing } from './report/figure.ts';
import type { Figure, Result } from './report/result.ts';
import type { Minutes, Planned } from './suites/suite.ts';

interface RunOptions {
  readonly quick: boolean;
  readonly tell: (line: string) => void;
  /** Hears what each suite has found, when it has. */
  readonly show: (name: string, text: string) => void;
}

/**
 * Suites as they have to run: in their order, with those from whose results others reckon.
 *
 * @throws RangeError for a name that none has.
 */
export const planOf = (suites: ReadonlyMap<string, Planned>, names: readonly string[]): string[] => {
  const wanted = new Set<string>();
  for (const name of names) {
    const planned = suites.get(name);
    if (planned === undefined) throw new RangeError(`There is no suite "${name}".`);
    for (const needed of [...(planned.needs ?? []), name]) wanted.add(needed);
  }
  return [...suites.keys()].filter((name) => wanted.has(name));
};

/** Minutes in which a run ends on the kind of machine that docs/performance.md names, with a little to spare. */
export const longest = { full: 29, quick: 3.5 };
/** What repeats is cut short by this much at most, however late it is. */
const leastPart = 0.05;

/**
 * Runs suites one after the other. One that fails leaves its error in the result, and null for each figure that is asked of
 * it; the others run all the same.
 */
export const run = async (
  suites: ReadonlyMap<string, Planned>,
  names: readonly string[],
  { quick, tell, show }: RunOptions,
): Promise<Result & { readonly failed: readonly string[] }> => {
  const startedAt = new Date();
  const loadAtStart = loadNow();
  const figures: Figure[] = [];
  const details: Result['suites'] = {};
  const failed: string[] = [];
  const kind = quick ? 'quick' : 'full';
  const plan = planOf(suites, names).flatMap((name) => {
    const planned = suites.get(name);
    return planned === undefined ? [] : { name, ...planned };
  });
  for (const [index, { name, suite, minutes }] of plan.entries()) {
    const part = partOf(
      plan.slice(index).map((planned) => planned.minutes[kind]),
      longest[kind] - (Date.now() - startedAt.getTime()) / 60_000,
    );
    const say = (what: string): void => tell(`${name}: ${what}`);
    say('starts');
    const began = performance.now();
    let why = quick ? 'not measured with --quick' : 'not measured';
    try {
      const result = await suite({
        quick,
        tell: say,
        within: (share) => share * part * minutes[kind].repeated * 60_000,
        measured: { figures, suites: details },
      });
      figures.push(...result.figures);
      details[name] = { ...result.details };
      show(name, result.text ?? JSON.stringify(result.details, rounded, 2));
    } catch (error) {
      why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      say(`fails: ${why}`);
      failed.push(name);
      details[name] = { error: why };
      why = 'the suite failed';
    }
    details[name].seconds = Math.round((performance.now() - began) / 1000);
    figures.push(...lackingOf(name, figures).map((id) => missing(id, why)));
  }
  return { machine: await machineAt(startedAt, loadAtStart), figures, suites: details, failed };
};

/** The part of what repeats for which there is time, if what comes once takes as long as it should. */
const partOf = (rest: readonly Minutes[], left: number): number => {
  const once = rest.reduce((sum, minutes) => sum + minutes.once, 0);
  const repeated = rest.reduce((sum, minutes) => sum + minutes.repeated, 0);
  return Math.min(1, Math.max(leastPart, (left - once) / repeated));
};

const rounded = (_name: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;

/** What is asked of a suite and not among the figures. */
const lackingOf = (name: string, figures: readonly Figure[]): string[] =>
  Object.entries(bars)
    .filter(([id, { suite }]) => suite === name && !figures.some((figure) => figure.id === id))
    .map(([id]) => id);
