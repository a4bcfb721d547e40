import type { Problem, TrackState } from '@cd-push/protocol';

import { failureNext } from '../talk/explain.ts';
import { cut, fold } from '../talk/fold.ts';
import { printable } from '../printable.ts';
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
  /** A policy keeps it from being sent. */
  readonly isHeld?: boolean;
}

/** Names begin in one column, as long as nothing failed; `✓ 9999 ms` and `… delivered` fit. */
const outcomeWidth = 11;

/** What is said first in a row. */
export interface RowOutcome {
  readonly text: string;
  readonly colour: 'green' | 'red' | 'yellow' | 'cyan';
}

/** Outcome first, as it is what must not be cut; then who, then whatever else there is to say. */
export const outcomeRow = (pen: Pen, outcome: RowOutcome, name: string, rest: string): string => {
  const lead = leadOf(outcome);
  const told = cut(
    `${name}   ${rest}`.trimEnd(),
    pen.columns - outcome.text.length - lead.length,
    pen.marks.cut,
  );
  const painted = told.slice(0, name.length) + pen.paint('dim', told.slice(name.length));
  return `${pen.paint(outcome.colour, outcome.text)}${lead}${painted}`;
};

/**
 * One recipient's row: its outcome, who it is, then the way there in milliseconds since the push came about, or `about`
 * in its stead.
 */
export const pushRow = (
  pen: Pen,
  way: Way,
  names: RecipientNames,
  { initTime, about }: { readonly initTime: number; readonly about?: string | undefined },
): string => {
  const outcome = outcomeOf(pen, way, initTime);
  const name = names.nameOf(way.recipient).padEnd(names.width);
  if (about !== undefined) return outcomeRow(pen, outcome, name, about);
  const room = pen.columns - outcome.text.length - leadOf(outcome).length;
  const steps = stepsOf(way, initTime);
  // Who it is goes before how it got there, and of that the latest before the first.
  const [shown = ''] = [...steps.keys()]
    .map((first) => steps.slice(first).join(` ${pen.marks.dot} `))
    .filter((text) => name.length + 3 + text.length <= room);
  return outcomeRow(pen, outcome, name, shown);
};

const leadOf = ({ text }: RowOutcome): string => ' '.repeat(Math.max(0, outcomeWidth - text.length) + 2);

/** Whether nothing is sent to it now: a runtime that is away is addressed by its credential alone. */
export const isWaitedFor = ({ recipient, stage, isHeld }: Way): boolean =>
  stage === 'relayed' && (isHeld === true || !recipient.includes('#'));

const outcomeOf = ({ marks }: Pen, way: Way, initTime: number): RowOutcome => {
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
      if (way.isHeld === true) return { text: `${marks.held} held`, colour: 'yellow' };
      return isWaitedFor(way)
        ? { text: `${marks.away} away`, colour: 'yellow' }
        : { text: `${marks.waiting} ${stage}`, colour: 'cyan' };
    default:
      return stage satisfies never;
  }
};

const stepsOf = (way: Way, initTime: number): string[] => {
  if (way.stage === 'failed') return way.attempt > 1 ? [`attempt ${way.attempt}`] : [];
  if (way.isHeld === true) return ['gets it when the policy is lifted'];
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
  const next = failureNext(problem, runtime);
  return [
    ...reasonLines(pen, problem, module),
    ...(next === undefined ? [] : fold(`next: ${next}`, pen.columns, '    ')),
  ].join('\n');
};

/** What a failure says, and where in the program it came about. */
export const reasonLines = (pen: Pen, problem: Problem, module: string): string[] => {
  const place = problem.stack === undefined ? undefined : ownPlace(problem.stack, module);
  return [
    ...fold(printable(problem.detail ?? problem.title), pen.columns, '    '),
    ...(place === undefined ? [] : [`    at ${printable(place)}`]),
  ];
};

/** The first place of a stack in the program's own code: the rest is how the runtime came to call it. */
const ownPlace = (stack: string, module: string): string | undefined => {
  const places = stack.matchAll(/(?<=^|[\s(@])\/[^\s()]+:\d+:\d+/gu);
  return [...places].map(([place]) => place).find((place) => place.startsWith(`/${module}/`));
};
