import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { expect, it } from 'vitest';

import { CasesError, readCases } from '../src/cases/read-cases.ts';
import { caseOf, conflictOf, fileOf, folder, written, zipped } from './support.ts';

const refusal = async (file: string): Promise<string> => {
  const error: unknown = await readCases(file).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CasesError);
  return (error as CasesError).message;
};

it('cases are read with all that they say, empty lines left out', async () => {
  const more = { ...caseOf(), repo: 'one/more' };
  expect(await readCases(zipped('', JSON.stringify(more), '', JSON.stringify(conflictOf()), ''))).toEqual([
    more,
    conflictOf(),
  ]);
});

it.each([
  ['is no JSON', '{"path": '],
  ['/base must be string', JSON.stringify({ ...caseOf(), base: 1 })],
  ['ours', JSON.stringify({ ...caseOf(), ours: undefined })],
  ['/git_clean must be boolean', JSON.stringify({ ...caseOf(), git_clean: 'yes' })],
  ['/git_result is missing of a clean merge', JSON.stringify({ ...caseOf(), git_result: null })],
  ['must be object', '[]'],
])('a line that is no case is refused with its number and why: %s', async (why, line) => {
  const file = zipped(JSON.stringify(caseOf()), '', line, JSON.stringify(caseOf()));
  const message = await refusal(file);
  expect(message).toContain(`${file}, line 3: `);
  expect(message).toContain(why);
});

it('a file that is not there, is not zipped or was cut off is refused by its name', async () => {
  const missing = join(folder(), 'none');
  const plain = written(Buffer.from(JSON.stringify(caseOf())));
  const whole = gzipSync(`${JSON.stringify(caseOf())}\n`.repeat(1000));
  const cut = written(whole.subarray(0, whole.length / 2));
  for (const file of [missing, plain, cut]) expect(await refusal(file)).toContain(`${file}: `);
});

it('a file without cases has none', async () => {
  expect(await readCases(fileOf())).toEqual([]);
});
