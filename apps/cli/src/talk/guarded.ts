import type { CliContext } from '../cli-context.ts';
import { explain } from './explain.ts';
import { nextJson } from './next-json.ts';
import { printJson } from './print-json.ts';
import { Talk } from './talk.ts';

/** Runs a command; an error becomes a sentence, what to do next, an exit code, and with `--json` a line of data. */
export const guarded = async (
  context: CliContext,
  json: boolean,
  command: () => Promise<void>,
): Promise<void> => {
  try {
    await command();
  } catch (error) {
    const { sentence, next, exitCode, problem } = explain(error);
    const talk = new Talk(context);
    if (json)
      printJson(context, {
        type: 'error',
        exitCode,
        message: sentence,
        ...nextJson(next),
        ...(problem === undefined ? {} : { problem }),
      });
    talk.error(sentence);
    if (next !== undefined) talk.next(next);
    if (context.process.env.CD_PUSH_DEBUG && error instanceof Error) talk.say(error.stack);
    context.process.exitCode = exitCode;
  }
};
