import type { Problem, TrackState } from '@cd-push/protocol';

import { failureNext } from '../talk/explain.ts';
import { cut, fold } from '../talk/fold.ts';
import { printable } from '../talk/printable.ts';
import type { Pen } from '../talk/pen.ts';
import type { RecipientNames } from './recipient-names.ts';

/** One recipient's way. */
export interface Way {
  readonly recipient: string;
  readonly stage: TrackState['stage'];
  /** When it reached each stage, in milliseconds since the epoch. */
  readonly times: Readonly<
    Partial<Record<'initialized' | 'relayed' | 'pushed' | 'delivered' | 'completed', number>>
  >;
  readonly attempt: number;
  readonly problem: Problem | undefined;
}

/** Names begin in one column, as long as nothing failed; `✓ 9999 ms` and `… delivered` fit. */
const outcomeWidth = 11;

/**
 * Outcome first, as it is what must not be cut; then who, then the way there in milliseconds since the push came about,
 * or `about` in its stead.
 */
export const pushRow = (
  pen: Pen,
  way: Way,
  names: RecipientNames,
  { initTime, about }: { readonly initTime: number; readonly about?: string | undefined },
): string => {
  const outcome = outcomeOf(pen, way, initTime);
  const lead = ' '.repeat(Math.max(0, outcomeWidth - outcome.text.length) + 2);
  const name = names.nameOf(way.recipient).padEnd(names.width);
  const room = pen.columns - outcome.text.length - lead.length;
  const steps = about === undefined ? stepsOf(way, initTime) : [about];
  // Who it is goes before how it got there, and of that the latest before the first.
  const [shown = name] = [...steps.keys()]
    .map((first) => `${name}   ${steps.slice(first).join(` ${pen.marks.dot} `)}`)
    .filter((text) => text.length <= room);
  const told = cut(shown.trimEnd(), room, pen.marks.cut);
  const painted = told.slice(0, name.length) + pen.paint('dim', told.slice(name.length));
  return `${pen.paint(outcome.colour, outcome.text)}${lead}${painted}`;
};

/** Whether it is not there to take anything: a runtime that is away is addressed by its credential alone. */
export const isWaitedFor = ({ recipient, stage }: Way): boolean =>
  stage === 'relayed' && !recipient.includes('#');

const outcomeOf = (
  { marks }: Pen,
  way: Way,
  initTime: number,
): { readonly text: string; readonly colour: 'green' | 'red' | 'yellow' | 'cyan' } => {
  const { stage, times, problem } = way;
  switch (stage) {
    case 'completed':
      return { text: `${marks.done} ${(times.completed ?? initTime) - initTime} ms`, colour: 'green' };
    case 'failed':
      return { text: `${marks.failed} ${problem?.kind ?? stage}`, colour: 'red' };
    case 'expired':
    case 'superseded':
      return { text: `${marks.ended} ${stage}`, colour: 'yellow' };
    case 'initialized':
    case 'relayed':
    case 'pushed':
    case 'delivered':
      return isWaitedFor(way)
        ? { text: `${marks.away} away`, colour: 'yellow' }
        : { text: `${marks.waiting} ${stage}`, colour: 'cyan' };
    default:
      return stage satisfies never;
  }
};

const stepsOf = (way: Way, initTime: number): string[] => {
  if (way.stage === 'failed') return [];
  if (isWaitedFor(way)) return ['gets it when it returns'];
  const steps = (['relayed', 'pushed', 'delivered'] as const).flatMap((stage) => {
    const at = way.times[stage];
    return at === undefined ? [] : [`${stage} ${at - initTime}`];
  });
  return way.attempt > 1 ? [...steps, `attempt ${way.attempt}`] : steps;
};

/** A failure in full, to stand below its row: what it says, where in the program, and what to do next. */
export const failureText = (
  pen: Pen,
  problem: Problem,
  module: string,
  runtime: 'browser' | 'node' | undefined,
): string => {
  const { columns } = pen;
  const place = problem.stack === undefined ? undefined : ownPlace(problem.stack, module);
  const next = failureNext(problem, runtime);
  return [
    ...fold(printable(problem.detail ?? problem.title), columns, '    '),
    ...(place === undefined ? [] : [`    at ${printable(place)}`]),
    ...(next === undefined ? [] : fold(`next: ${next}`, columns, '    ')),
  ].join('\n');
};

/** The first place of a stack in the program's own code: the rest is how the runtime came to call it. */
const ownPlace = (stack: string, module: string): string | undefined => {
  const places = stack.matchAll(/(?<=^|[\s(@])\/[^\s()]+:\d+:\d+/gu);
  return [...places].map(([place]) => place).find((place) => place.startsWith(`/${module}/`));
};
