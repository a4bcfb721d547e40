/**
 * A stack without the frames of whoever runs the program, which say nothing of it and name folders that are nobody's
 * business.
 *
 * @param others how the places of such frames begin.
 */
export const programFrames = (stack: string, others: readonly string[]): string =>
  stack
    .split('\n')
    .filter((line) => !others.some((other) => line.includes(other)))
    .join('\n');
