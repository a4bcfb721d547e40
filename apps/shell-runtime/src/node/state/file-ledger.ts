import { open } from 'node:fs/promises';

import { JournalOffsetSchema, ProblemSchema, type JournalOffset } from '@cd-push/protocol';
import Type from 'typebox';
import { Check } from 'typebox/value';

import type { DoneRecord } from '../../record/record-store.ts';
import { readIfThere, writeDurably } from '../contents/content-folder.ts';
import { parsedJson } from '../parsed-json.ts';

const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

const LineSchema = Type.Object({
  done: Type.Object({
    pushGuid: Type.String(),
    attempt: Type.Integer(),
    statement: Type.String(),
    outcome: Type.Enum(['started', 'completed', 'failed']),
    problem: nullable(ProblemSchema),
    keepUntil: Type.Integer(),
  }),
  journal: nullable(JournalOffsetSchema),
});

/** One outcome, and the place in the journal that was reached with it. */
export interface LedgerLine {
  readonly done: DoneRecord;
  readonly journal: JournalOffset | null;
}

/** Lines beyond twice those that still say something, before the file is written anew. */
const spareLines = 1_000;

/**
 * Outcomes of messages, a line each at the end of one file: what is written before an effect takes one `fsync`, however
 * much is remembered. A line that was cut short was followed by no effect, so it says nothing.
 */
export class FileLedger {
  readonly #path: string;
  readonly #latest = new Map<string, LedgerLine>();
  #lines = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** The latest line of each push that is to be kept at that time; the file holds these alone from then on. */
  async load(at: number): Promise<readonly LedgerLine[]> {
    this.#latest.clear();
    const bytes = await readIfThere(this.#path);
    for (const text of bytes?.toString('utf8').split('\n') ?? []) {
      const line = lineIn(text);
      if (line !== undefined) this.#put(line);
    }
    await this.#writeAnew(at);
    return [...this.#latest.values()];
  }

  /** Resolves when the lines are on the disk. One call at a time. */
  async append(lines: readonly LedgerLine[]): Promise<void> {
    const file = await open(this.#path, 'a', 0o600);
    try {
      await file.appendFile(textOf(lines));
      await file.sync();
    } finally {
      await file.close();
    }
    for (const line of lines) this.#put(line);
    this.#lines += lines.length;
    if (this.#lines > 2 * this.#latest.size + spareLines) await this.#writeAnew(Date.now());
  }

  /** Lines of one push stay in the order in which they were written, and pushes in that of their latest line. */
  #put(line: LedgerLine): void {
    this.#latest.delete(line.done.pushGuid);
    this.#latest.set(line.done.pushGuid, line);
  }

  async #writeAnew(at: number): Promise<void> {
    for (const [pushGuid, { done }] of this.#latest) if (done.keepUntil < at) this.#latest.delete(pushGuid);
    await writeDurably(this.#path, textOf([...this.#latest.values()]));
    this.#lines = this.#latest.size;
  }
}

/** Each line begins by ending the one before, which a full disk may have cut. */
const textOf = (lines: readonly LedgerLine[]): string =>
  lines.map((line) => `\n${JSON.stringify(line)}`).join('');

const lineIn = (text: string): LedgerLine | undefined => {
  const value = parsedJson(text);
  return Check(LineSchema, value) ? value : undefined;
};
