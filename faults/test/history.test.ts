import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { HistoryTail } from '../src/history/history-tail.ts';
import { HistoryWriter } from '../src/history/history-writer.ts';
import { HistoryError, readHistory } from '../src/history/read-history.ts';

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'faults-history-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
};

const write = (folder: string, by: string, ...rounds: readonly number[]): string => {
  const writer = new HistoryWriter(folder, by);
  for (const round of rounds) writer.tell({ kind: 'round', round });
  writer.close();
  return join(folder, `${by}.jsonl`);
};

describe('a history', () => {
  test('is read as it was told, from one file or from a folder of them', () => {
    const folder = newFolder();
    const file = write(folder, 'one', 1, 2);
    write(folder, 'two', 3);
    const rounds = (path: string) =>
      readHistory(path).map((event) => (event.kind === 'round' ? `${event.by} ${event.round}` : ''));
    expect(rounds(file)).toEqual(['one 1', 'one 2']);
    expect(rounds(folder)).toEqual(['one 1', 'one 2', 'two 3']);
  });

  test('goes on over the lives of a teller', async () => {
    const folder = newFolder();
    write(folder, 'one', 1, 2);
    // Lives are told apart by the millisecond in which they began.
    const begun = performance.now();
    await expect.poll(() => performance.now() - begun).toBeGreaterThan(2);
    expect(readHistory(write(folder, 'one', 3)).map(({ line }) => line)).toEqual([1, 2, 1]);
  });

  test('is not read where a line is damaged, cut short, or missing, nor where there is none', () => {
    const folder = newFolder();
    const file = write(folder, 'one', 1, 2, 3);
    const text = readFileSync(file, 'utf8');
    const [first = '', , third = ''] = text.split('\n');
    for (const broken of [`${text}{}\n`, `${text}no JSON\n`, text.slice(0, -5), `${first}\n${third}\n`, '']) {
      writeFileSync(file, broken);
      expect(() => readHistory(file)).toThrow(HistoryError);
    }
    expect(() => readHistory(join(folder, 'none'))).toThrow(HistoryError);
  });

  test('is followed while it is written', () => {
    const folder = newFolder();
    const tail = new HistoryTail(folder);
    onTestFinished(() => tail.close());
    expect(tail.take()).toEqual([]);
    const writer = new HistoryWriter(folder, 'one');
    writer.tell({ kind: 'round', round: 1 });
    expect(tail.take()).toMatchObject([{ round: 1 }]);
    writer.tell({ kind: 'round', round: 2 });
    write(folder, 'two', 3);
    expect(tail.take()).toMatchObject([{ round: 2 }, { round: 3 }]);
    writer.close();
  });
});
