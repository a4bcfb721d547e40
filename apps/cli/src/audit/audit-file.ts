import { createReadStream } from 'node:fs';

import { SignedAuditHeadSchema, type SignedAuditHead } from '@cd-push/protocol';
import { Check } from 'typebox/value';

import { usageError } from '../cli-error.ts';

/** The signed head that a text is; undefined where it is something else. */
export const signedHeadIn = (text: string): SignedAuditHead | undefined => {
  if (!text.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Check(SignedAuditHeadSchema, value) ? value : undefined;
  } catch {
    return undefined;
  }
};

/** How a line of an export begins that shows where a chain stood; every other line is a row, and need not be parsed. */
const headBegins = '{"head":';

/** The head as a line of an export. */
export const lineOfHead = ({ head, certificate }: SignedAuditHead): string =>
  JSON.stringify({ head, certificate });

/**
 * Lines of a file as they are, each up to its line feed: what else may count as the end of a line is text here, and a
 * part of what was hashed.
 */
export async function* linesOf(path: string): AsyncGenerator<string, void, undefined> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(path, 'utf8')) {
      const parts = (rest + String(chunk)).split('\n');
      rest = parts.pop() ?? '';
      yield* parts;
    }
  } catch (error) {
    throw usageError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'Name a file that was written by: cd-cli audit export <file>',
    );
  }
  if (rest !== '') yield rest;
}

/** What an export holds besides its rows, and where rows do not stand one after the other from the first line on. */
export class AuditFile {
  readonly #path: string;
  readonly heads: SignedAuditHead[] = [];
  /** Numbers of lines that hold no rows, from 1. */
  readonly #headLines: number[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** Rows in their order; heads are put aside. */
  async *rows(): AsyncGenerator<string, void, undefined> {
    this.heads.length = 0;
    this.#headLines.length = 0;
    let line = 0;
    for await (const text of linesOf(this.#path)) {
      line += 1;
      const head = text.startsWith(headBegins) ? signedHeadIn(text) : undefined;
      if (head === undefined) yield text;
      else {
        this.heads.push(head);
        this.#headLines.push(line);
      }
    }
  }

  /** The line of the file that a row stands in, which is counted among rows from 1. */
  lineOf(row: number): number {
    let line = row;
    for (const headLine of this.#headLines) {
      if (headLine > line) break;
      line += 1;
    }
    return line;
  }
}
