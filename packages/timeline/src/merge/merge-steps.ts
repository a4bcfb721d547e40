import { ProblemError, problemOf } from '@cd-push/protocol';

/**
 * Hears of the steps that a merge takes, and ends it by throwing. A step is what it takes to compare two lines, some ten
 * nanoseconds; what is not a comparison counts for as many as it takes as long as. Steps are counted, never time, so that what
 * ends at one machine ends at every other.
 */
export type MergeSteps = (steps: number) => void;

/** To divide a text into lines and to number these, for each UTF-16 unit. */
export const stepsPerUnit = 8;
/** To parse a text, for each UTF-16 unit. */
export const stepsPerParsedUnit = 64;
/** To make and to compare what a frame says, for each byte. */
export const stepsPerFrameByte = 32;
/** To read an object, whatever its size. */
export const stepsPerRead = 4_000;

/**
 * Lets so many steps be taken, whatever they are taken for.
 *
 * @param heard hears of them too.
 * @throws {ProblemError} `too-large`, from the steps on that are too many.
 */
export const stepsUpTo = (atMost: number, heard?: MergeSteps): MergeSteps => {
  let taken = 0;
  return (steps) => {
    taken += steps;
    if (taken > atMost) throw new ProblemError(tooDear);
    heard?.(steps);
  };
};

const tooDear = problemOf('too-large', {
  detail: 'It takes too long to make these merges again. Bring fewer at once, or smaller ones.',
});
