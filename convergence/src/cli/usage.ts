import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

/** What was asked for. */
export type Request =
  | { readonly kind: 'help' }
  | {
      readonly kind: 'run';
      readonly seed: number;
      readonly histories: number;
      readonly workers: number;
      readonly json: boolean;
    }
  | {
      readonly kind: 'replay';
      readonly seed: number;
      readonly history: number;
      /** Undefined where all of them are played. */
      readonly steps: readonly number[] | undefined;
      readonly json: boolean;
    }
  | { readonly kind: 'planted'; readonly json: boolean };

/** The command line says what cannot be done. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const help = `pnpm convergence has replicas edit the same timelines at the same time over a network that loses, repeats and
reorders, lets them crash, and holds what they end with against what was edited.

  pnpm convergence [--seed N] [--histories N] [--workers N] [--json]
  pnpm convergence --only N [--seed N] [--steps LIST] [--json]
  pnpm convergence --planted [--json]

  --seed N       everything is drawn from it; the same seed plays the same histories (1)
  --histories N  how many (1000)
  --workers N    threads that play them (as many as there are processors)
  --json         prints the result as one line of JSON, and nothing else, on standard output

  --only N       plays that history alone and tells what happens; where it fails, once more with the fewest steps
                 with which it still does
  --steps LIST   with --only: these steps alone, as "3,7,12"

  --planted      plays histories with faults that were planted in merge and receive on purpose, and demands that each is
                 found; and with none, in which nothing may be found

The three counts that must be 0:

  divergences        replicas that have heard all of each other hold different tips or values, or refuse each other
  lostEdits          what an edit put in is gone though nobody who saw it took it away, or it stands there twice, or what was
                     taken away is back
  unstableAddresses  a merge that another replica made, sides swapped, has another address

Ends with 0 where all three are 0, with 1 where one is not (each failing history is named, and how to play it again), and with
2 where it could not run. docs/convergence.md tells more.
`;

export const requestOf = (args: readonly string[]): Request => {
  const { values, positionals } = parsed(args);
  const { json } = values;
  if (values.help) return { kind: 'help' };
  if (positionals.length > 0) throw new UsageError(`"${positionals.join(' ')}" is no command.`);
  if (values.planted) return { kind: 'planted', json };
  const seed = wholeNumber('seed', values.seed, 0);
  if (values.only !== undefined) {
    const history = wholeNumber('only', values.only, 1);
    const steps = values.steps?.split(',').map((step) => wholeNumber('steps', step.trim(), 1));
    return { kind: 'replay', seed, history, steps, json };
  }
  if (values.steps !== undefined)
    throw new UsageError('--steps are those of one history; give --only as well.');
  const histories = wholeNumber('histories', values.histories, 1);
  const workers = wholeNumber('workers', values.workers ?? String(availableParallelism()), 1);
  return { kind: 'run', seed, histories, workers, json };
};

const parsed = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        seed: { type: 'string', default: '1' },
        histories: { type: 'string', default: '1000' },
        workers: { type: 'string' },
        only: { type: 'string' },
        steps: { type: 'string' },
        json: { type: 'boolean', default: false },
        planted: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false, short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};

const wholeNumber = (name: string, text: string, least: number): number => {
  const value = Number(text);
  if (/^\d+$/u.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`--${name} is a whole number from ${least} on.`);
};
