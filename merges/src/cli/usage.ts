import { parseArgs } from 'node:util';

/** What was asked for. */
export type Request =
  | { readonly kind: 'help' }
  | { readonly kind: 'measure'; readonly file: string; readonly json: boolean };

/** The command line says what cannot be done. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const help = `pnpm merges holds the merge of texts against real merges: what git made of them, and what people did.

  pnpm merges <file.jsonl.gz> [--json]

  <file>    gzip'ed JSON lines, each with path, base, ours, theirs, git_clean, git_result and human_result
  --json    prints the figures as one line of JSON, and nothing else, on standard output

  clean.equalToGit        merges that git makes without a conflict, and that are the same to the byte
  conflicts.resolved      those that git leaves to people, and that are merged by their tokens
  conflicts.equalToHuman  of them, those that are to the byte what was committed
  conflicts.unparsable    of them, those that no parser accepts though it accepts base, ours and theirs
  lostLines               lines that a side added and that are not in the result; of a line that both edited, its words
  notIdempotent           merges of a text with itself that are something else
  notSymmetric            merges that are something else when the sides are swapped
  ms                      time of one merge of texts up to 64 KB, the fastest of five runs after all cases were run once

Ends with 0 where all that is promised holds, with 1 where something does not, and with 2 where it could not run.
`;

export const requestOf = (args: readonly string[]): Request => {
  const { values, positionals } = parsed(args);
  if (values.help) return { kind: 'help' };
  const [file, ...more] = positionals;
  if (file === undefined) throw new UsageError('Which file?');
  if (more.length > 0) throw new UsageError('One file at a time.');
  return { kind: 'measure', file, json: values.json };
};

const parsed = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false, short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};
