import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { FileLedger } from '../../src/node/state/file-ledger.ts';
import { FileMark } from '../../src/node/state/file-mark.ts';
import { FileRecordStore } from '../../src/node/state/file-record-store.ts';
import type { DoneRecord } from '../../src/record/record-store.ts';
import { applyingMarkRules, kept, record, recordStoreRules } from '../record/record-rules.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cd-push-record-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

// One process has the folder for itself, so what several instances share is not asked of it.
describe('the record in files', () => {
  test.each(recordStoreRules.filter(({ shared }) => shared !== true))('$title', async (rule) => {
    await expect(rule.run({ open: () => new FileRecordStore(dir) })).resolves.toBeUndefined();
  });

  test('a content that was cut is not loaded, the others are', async () => {
    const store = new FileRecordStore(dir);
    await store.load('base-1', 0);
    await store.write({ resources: [record('/m/a.ts', kept(1)), record('/m/b.ts', kept(2))] });
    const contents = await readdir(join(dir, 'contents'));
    const texts = await Promise.all(contents.map((name) => readFile(join(dir, 'contents', name), 'utf8')));
    await writeFile(join(dir, 'contents', contents[texts.indexOf('text 1 – ✓')]!), 'text');
    const { resources } = await new FileRecordStore(dir).load('base-1', 0);
    expect(resources).toEqual([record('/m/b.ts', kept(2))]);
  });

  test('a damaged index is an empty record, and is told', async ({ onTestFinished }) => {
    const said: unknown[] = [];
    const { warn } = console;
    console.warn = (text: unknown) => said.push(text);
    onTestFinished(() => void (console.warn = warn));
    await writeFile(join(dir, 'index.json'), '{"format":1,"base":"base-1","resources":[{"resource":7}]}');
    expect(await new FileRecordStore(dir).load('base-1', 0)).toEqual({
      resources: [],
      done: [],
      revokedSessions: [],
      identities: [],
      journal: null,
      auditHeads: [],
    });
    expect(said).toEqual([expect.stringContaining('damaged')]);
  });

  test('heads of the audit lie there line by line, as whoever verifies a log reads them', async () => {
    const store = new FileRecordStore(dir);
    await store.load('base-1', 0);
    const heads = ['relay-1', 'api-1'].map((node) => ({
      node,
      sequence: 1,
      at: 0,
      head: `e30.${node}.e30`,
      certificate: null,
    }));
    await store.write({ auditHeads: heads });
    const lines = (await readFile(join(dir, 'audit-heads.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(heads);
  });

  test('contents that nothing names any more go at the next start', async () => {
    const store = new FileRecordStore(dir);
    await store.load('base-1', 0);
    await store.write({ resources: [record('/m/a.ts', kept(1))] });
    await new FileRecordStore(dir).load('base-2', 0);
    expect(await readdir(join(dir, 'contents'))).toEqual([]);
  });
});

describe('outcomes in a file', () => {
  const done = (pushGuid: string, keepUntil = 1_000): DoneRecord => ({
    pushGuid,
    attempt: 1,
    statement: 'sha256-statement',
    outcome: 'started',
    problem: null,
    keepUntil,
  });
  const path = (): string => join(dir, 'done.jsonl');
  const guids = async (): Promise<string[]> =>
    (await new FileLedger(path()).load(0)).map((line) => line.done.pushGuid);

  test('a line that was cut short says nothing, and costs none that follows it', async () => {
    const ledger = new FileLedger(path());
    await ledger.load(0);
    await ledger.append([{ done: done('one'), journal: null }]);
    await appendFile(path(), '\n{"done":{"pushGuid":"cut","att');
    await ledger.append([{ done: done('two'), journal: null }]);
    expect(await guids()).toEqual(['one', 'two']);
  });

  test('what is no line of it is left out', async () => {
    await writeFile(path(), '[]\n{"done":{"pushGuid":7}}\nnull\n');
    expect(await guids()).toEqual([]);
  });

  test('the file holds what still says something, also where it is never closed', async () => {
    const ledger = new FileLedger(path());
    await ledger.load(0);
    const line = (count: number) => ({
      done: { ...done('same', Number.MAX_SAFE_INTEGER), attempt: count },
      journal: null,
    });
    await ledger.append(Array.from({ length: 1_100 }, (_, count) => line(count)));
    expect((await readFile(path(), 'utf8')).trim().split('\n')).toHaveLength(1);
    expect(await guids()).toEqual(['same']);
  });
});

describe('the mark in a file', () => {
  test.each(applyingMarkRules.filter(({ shared }) => shared !== true))('$title', async (rule) => {
    await expect(rule.run({ open: () => new FileMark(dir) })).resolves.toBeUndefined();
  });

  test('a mark that was cut short says nothing, since nothing was evaluated after it', async () => {
    await appendFile(join(dir, 'applying.json'), '{"kind":"push","instance":"a"');
    expect(await new FileMark(dir).takeLeft()).toEqual([]);
  });
});
