import { parseArgs } from 'node:util';

import type { StoreKind } from '../schedule/roster.ts';

/** What was asked for. */
export type Request =
  | { readonly kind: 'help' }
  | { readonly kind: 'run'; readonly run: RunRequest }
  | { readonly kind: 'planted'; readonly json: boolean }
  | { readonly kind: 'check'; readonly log: string; readonly json: boolean };

export interface RunRequest {
  readonly seed: number;
  readonly minutes: number;
  readonly nodes: number;
  readonly store: StoreKind;
  readonly json: boolean;
  readonly keep: boolean;
}

/** The command line says what cannot be done. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const help = `pnpm faults breaks an installation of its own while pushes are under way, and holds what came of each push against
what was promised: what was accepted takes effect once at every recipient, in order, whatever is killed in between.

  pnpm faults [--seed N] [--minutes M] [--nodes K] [--store postgres|sqlite] [--json] [--keep]
  pnpm faults --planted [--json]
  pnpm faults check <log> [--json]

  --seed N       what is broken, when and whose, is drawn from it alone; the same seed plays the same rounds (1)
  --minutes M    how long new rounds begin; the last one is played to its end, and then everyone catches up (2)
  --nodes K      relays; more than one need --store postgres (2 with postgres, 1 with sqlite)
  --store KIND   where relays keep their journal: a PostgreSQL of its own, or a file (postgres)
  --json         prints the result as one line of JSON, and nothing else, on standard output
  --keep         leaves the folder with logs, output of all processes and data, and says where it is

  --planted      runs with faults that were planted on purpose - acknowledged before it is committed, no ledger, no
                 check of the session on resume - and demands that each is caught; and once with none, which must be clean
  check <log>    counts again from the clients' logs alone: a folder of .jsonl files, or one file

It starts its own api, relays, PostgreSQL, Redis, senders and runtimes on free ports in a temporary folder, and removes
all of it in the end. The five counts that must be 0:

  lost       accepted, and a recipient has nothing of it: no effect, none of a later push of the same files, no expiry
  doubled    an effect more often than attempts were opened
  reordered  a file that went back to an earlier push while the program ran
  phantom    an effect of what nobody sent, of what was refused, or of a session that was ended
  regressed  somebody was told of an earlier stage than before

Ends with 0 where all five are 0, with 1 where one is not (the logs are left behind then, and each case is named), and
with 2 where it could not run. docs/faults.md tells more.
`;

export const requestOf = (args: readonly string[]): Request => {
  const { values, positionals } = parsed(args);
  const { json } = values;
  if (values.help) return { kind: 'help' };
  const [command, log, ...rest] = positionals;
  if (command === 'check' && log !== undefined && rest.length === 0) return { kind: 'check', log, json };
  if (command !== undefined) throw new UsageError(`"${positionals.join(' ')}" is no command.`);
  if (values.planted) return { kind: 'planted', json };
  const store = storeOf(values.store);
  const nodes = wholeNumber('nodes', values.nodes ?? (store === 'postgres' ? '2' : '1'), 1);
  if (nodes > 1 && store === 'sqlite')
    throw new UsageError('An SQLite file belongs to one relay; give --nodes 1 or --store postgres.');
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new UsageError('--minutes is a number above 0.');
  const seed = wholeNumber('seed', values.seed, 0);
  return { kind: 'run', run: { seed, minutes, nodes, store, json, keep: values.keep } };
};

const parsed = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        seed: { type: 'string', default: '1' },
        minutes: { type: 'string', default: '2' },
        nodes: { type: 'string' },
        store: { type: 'string', default: 'postgres' },
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        planted: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false, short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};

const storeOf = (text: string): StoreKind => {
  if (text === 'postgres' || text === 'sqlite') return text;
  throw new UsageError(`--store is postgres or sqlite, not "${text}".`);
};

const wholeNumber = (name: string, text: string, least: number): number => {
  const value = Number(text);
  if (/^\d+$/u.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`--${name} is a whole number from ${least} on.`);
};
