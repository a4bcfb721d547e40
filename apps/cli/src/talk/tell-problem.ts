import type { PatchProblem } from '../transform/patch-problem.ts';
import type { Talk } from './talk.ts';

/** A file at fault, with its place, and what that means for whoever saved it. */
export const tellProblem = (talk: Talk, { kind, detail, title, frame }: PatchProblem, next: string): void => {
  talk.say(`${talk.paint('red', `${talk.pen.marks.failed} ${kind}`)}  ${detail ?? title}\n${frame}`);
  talk.next(next);
};
