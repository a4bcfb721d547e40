import type { CliContext } from '../cli-context.ts';
import { usageError } from '../cli-error.ts';
import { Talk } from '../talk/talk.ts';
import { completionScripts, installHints, type Shell } from './scripts.ts';

/** `completion <shell>`: the script that makes a shell complete our command lines. */
export const runCompletion = async (context: CliContext, shell: string): Promise<void> => {
  if (!isShell(shell))
    throw usageError(
      `There is no completion for ${shell}.`,
      `There is for ${Object.keys(completionScripts).join(', ')}.`,
    );
  context.process.stdout.write(completionScripts[shell]);
  if (context.process.stdout.isTTY === true) new Talk(context).say(`To keep it: ${installHints[shell]}`);
};

/** `completions -- words…`: what could stand in place of the last word, one a line with a tab before what it is. */
export const runCompletions = async (context: CliContext, words: readonly string[]): Promise<void> => {
  for (const { completion, brief } of await context.propose(words))
    context.process.stdout.write(`${completion}\t${brief}\n`);
};

const isShell = (name: string): name is Shell => Object.hasOwn(completionScripts, name);
