import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { outboxContract, sampleEntry, type Outbox, type OutboxEntry } from '@cd-push/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { fileOutbox } from '../src/outbox/file-outbox.ts';

let folder: string;
let warnings: string[];
let opened: Outbox[];

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'cd-cli-outbox-')), 'outbox');
  warnings = [];
  opened = [];
});
afterEach(async () => {
  for (const outbox of opened) await outbox.close();
  rmSync(join(folder, '..'), { recursive: true });
});

const open = (): Outbox => {
  const outbox = fileOutbox(folder, (sentence) => warnings.push(sentence));
  opened.push(outbox);
  return outbox;
};

/** Every file below, by its path from there. */
const filesIn = (place: string): string[] =>
  readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name));

describe('the outbox in a folder', () => {
  test.each(outboxContract)('$title', async (rule) => {
    await expect(rule.run({ open })).resolves.toBeUndefined();
  });
});

test('what a killed process had put is taken over, and what it was about to put is not', async () => {
  const child = fork(join(import.meta.dirname, 'support/putting-process.ts'), [folder], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [entries] = (await once(child, 'message')) as [OutboxEntry[]];
  expect(await open().claim()).toEqual([]);
  const [own] = readdirSync(folder, { withFileTypes: true }).filter((one) => one.isDirectory());
  writeFileSync(join(folder, own!.name, '7-half.json.abc.draft'), '{"pushGuid":');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await open().claim()).toEqual(entries);
  expect(warnings).toEqual([]);
});

test('a lock that has no folder is let be: its owner is just beginning, and holds it a moment later', async () => {
  const left = open();
  await left.put(sampleEntry(1));
  await left.close();
  const beginning = join(folder, '11111111-1111-4111-8111-111111111111.lock');
  writeFileSync(beginning, '');
  expect(await open().claim()).toEqual([sampleEntry(1)]);
  expect(existsSync(beginning)).toBe(true);
});

test('nobody else may look into it, and nothing is there once nothing is owed', async () => {
  const outbox = open();
  await outbox.put(sampleEntry(1));
  const [own] = readdirSync(folder, { withFileTypes: true }).filter((one) => one.isDirectory());
  for (const place of [folder, join(folder, own!.name)]) expect(statSync(place).mode & 0o077).toBe(0);
  for (const file of filesIn(join(folder, own!.name))) expect(statSync(file).mode & 0o077).toBe(0);
  await outbox.remove(sampleEntry(1).pushGuid);
  await outbox.close();
  expect(readdirSync(folder)).toEqual([]);
});

test('a folder that was never needed is not made', async () => {
  const outbox = open();
  expect(await outbox.claim()).toEqual([]);
  await outbox.close();
  expect(() => statSync(folder)).toThrow(/ENOENT/u);
});

test.each([
  ['cut off', (text: string) => text.slice(0, text.length / 2)],
  ['empty', () => ''],
  ['of something else', () => '{"pushGuid":"x"}'],
])('a file that is %s is set aside and told of, and the others are there', async (_what, spoil) => {
  const left = open();
  await left.put(sampleEntry(1));
  await left.put(sampleEntry(2));
  await left.close();
  const [file] = filesIn(folder).filter((name) => name.includes('1-00000000'));
  writeFileSync(file!, spoil(JSON.stringify(sampleEntry(1))));
  expect(await open().claim()).toEqual([sampleEntry(2)]);
  expect(warnings).toEqual([expect.stringContaining('cannot be read any more')]);
  const [aside] = filesIn(join(folder, 'unreadable'));
  expect(warnings[0]).toContain(aside);
});

/** Two pushes that were left; what stands in place of the file of the first. */
const leaveTwo = async (): Promise<string> => {
  const left = open();
  await left.put(sampleEntry(1));
  await left.put(sampleEntry(2));
  await left.close();
  const [file] = filesIn(folder).filter((name) => name.includes('1-00000000'));
  return file!;
};

test.each([
  ['a folder by now', (file: string) => (rmSync(file), mkdirSync(file))],
  ['too large to be read', (file: string) => truncateSync(file, 2 ** 31)],
  ['a link to nowhere', (file: string) => (rmSync(file), symlinkSync(`${file}.gone`, file))],
])(
  'a file that is %s is told of and left for the next run, and the others are there',
  async (_what, spoil) => {
    spoil(await leaveTwo());
    const first = open();
    expect(await first.claim()).toEqual([sampleEntry(2)]);
    expect(warnings).toEqual([expect.stringMatching(/1-00000000[^ ]*\.json cannot be read/u)]);
    await first.close();
    expect(await open().claim()).toEqual([sampleEntry(2)]);
    expect(warnings).toHaveLength(2);
  },
);

test.skipIf(process.getuid?.() === 0)(
  'a file that may be read again by the next run is sent by it',
  async () => {
    const file = await leaveTwo();
    chmodSync(file, 0);
    const first = open();
    expect(await first.claim()).toEqual([sampleEntry(2)]);
    await first.close();
    const [kept] = filesIn(folder).filter((name) => name.includes('1-00000000'));
    chmodSync(kept!, 0o600);
    expect(await open().claim()).toEqual([sampleEntry(1), sampleEntry(2)]);
  },
);

test('an owner whose things cannot be taken over keeps those of no other from being there', async () => {
  await leaveTwo();
  const [owner] = readdirSync(folder, { withFileTypes: true }).filter((one) => one.isDirectory());
  const other = open();
  await other.put(sampleEntry(3));
  await other.close();
  rmSync(join(folder, `${owner!.name}.lock`));
  mkdirSync(join(folder, `${owner!.name}.lock`));
  expect(await open().claim()).toEqual([sampleEntry(3)]);
  expect(warnings).toEqual([expect.stringContaining(owner!.name)]);
});

test('a guid that is none leads to no other folder', async () => {
  const outbox = open();
  await outbox.put({ ...sampleEntry(1), pushGuid: '../../../escaped' });
  expect(readdirSync(join(folder, '..'))).toEqual(['outbox']);
});

test('a place that cannot be written says so, and is tried again', async () => {
  const home = join(folder, '..');
  rmSync(home, { recursive: true });
  writeFileSync(home, 'a file where the folder should be');
  const outbox = open();
  await expect(outbox.put(sampleEntry(1))).rejects.toThrow(/ENOTDIR|EEXIST/u);
  rmSync(home);
  mkdirSync(home);
  await expect(outbox.put(sampleEntry(1))).resolves.toBeUndefined();
});
