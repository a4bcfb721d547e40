import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import { BadCase, mergeCaseOf, type MergeCase } from './merge-case.ts';

/** The file cannot be read as cases. */
export class CasesError extends Error {
  override readonly name = 'CasesError';
}

/**
 * The cases of a file of gzip’ed JSON lines.
 *
 * @throws {CasesError} with the line, where one is none.
 */
export const readCases = async (file: string): Promise<readonly MergeCase[]> => {
  const cases: MergeCase[] = [];
  let number = 0;
  try {
    await pipeline(createReadStream(file), createGunzip(), async (bytes: AsyncIterable<Uint8Array>) => {
      for await (const line of linesIn(bytes)) {
        number += 1;
        if (line.trim() !== '') cases.push(mergeCaseOf(line));
      }
    });
  } catch (error) {
    const where = error instanceof BadCase ? `${file}, line ${number}` : file;
    throw new CasesError(`${where}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  return cases;
};

async function* linesIn(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest + decoder.decode();
}
