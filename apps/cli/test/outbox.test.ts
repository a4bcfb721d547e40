import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { outboxContract, sampleEntry, type Outbox, type OutboxEntry } from '@cd-push/client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

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

/** An outbox that has put as much as it takes to have a file ahead of the next push, and nothing in it. */
const standingOutbox = async (): Promise<{ outbox: Outbox; file: string }> => {
  const outbox = open();
  for (const one of [sampleEntry(1), sampleEntry(2)]) await outbox.put(one);
  for (const { pushGuid } of [sampleEntry(1), sampleEntry(2)]) await outbox.remove(pushGuid);
  const file = await vi.waitFor(() => {
    const [found] = filesIn(folder).filter((name) => name.endsWith('.standing'));
    // It is used from when it was closed and is whole.
    if (found === undefined || statSync(found).size === 0) throw new Error('It is not there yet.');
    return found;
  });
  await vi.waitFor(async () => {
    await outbox.put(sampleEntry(3));
    const isStanding = filesIn(folder).every((name) => !name.includes('3-00000000'));
    await outbox.remove(sampleEntry(3).pushGuid);
    if (!isStanding) throw new Error('It is not used yet.');
  });
  return { outbox, file };
};

/** Lets a folder look as if its owner had been killed now. */
const abandoned = (file: string): string => {
  const left = join(folder, '22222222-2222-4222-8222-222222222222');
  mkdirSync(left);
  writeFileSync(`${left}.lock`, '');
  copyFileSync(file, join(left, 'left.standing'));
  return join(left, 'left.standing');
};

describe('a file that is there ahead of the next push', () => {
  test('[OUTBOX-1] keeps one push at a time, and the others have files of their own', async () => {
    const { outbox } = await standingOutbox();
    const entries = [sampleEntry(4), sampleEntry(5), sampleEntry(6, 'ä'.repeat(300_000))];
    await Promise.all(entries.map((one) => outbox.put(one)));
    expect(filesIn(folder).filter((name) => name.endsWith('.json'))).toHaveLength(2);
    expect(await outbox.claim()).toEqual(entries);
    for (const { pushGuid } of entries) await outbox.remove(pushGuid);
    expect(await outbox.claim()).toEqual([]);
    await outbox.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('[OUTBOX-7] is taken over from a killed sender, with what is in it or without', async () => {
    const { outbox, file } = await standingOutbox();
    abandoned(file);
    expect(await open().claim()).toEqual([]);
    await outbox.put(sampleEntry(4));
    abandoned(file);
    const next = open();
    expect(await next.claim()).toEqual([sampleEntry(4)]);
    await next.remove(sampleEntry(4).pushGuid);
    expect(await next.claim()).toEqual([]);
    expect(warnings).toEqual([]);
  });

  test('is emptied with nothing left of a longer push before', async () => {
    const { outbox, file } = await standingOutbox();
    await outbox.put(sampleEntry(4, 'long '.repeat(1_000)));
    await outbox.remove(sampleEntry(4).pushGuid);
    expect(readFileSync(file).every((byte) => byte === 0)).toBe(true);
    await outbox.put(sampleEntry(5));
    abandoned(file);
    expect(await open().claim()).toEqual([sampleEntry(5)]);
  });

  test('that was cut off is set aside and told of', async () => {
    const { outbox, file } = await standingOutbox();
    await outbox.put(sampleEntry(4, 'long '.repeat(1_000)));
    const left = abandoned(file);
    const bytes = readFileSync(left);
    writeFileSync(left, bytes.fill(0, 2_048, 3_072));
    expect(await open().claim()).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('cannot be read any more')]);
  });

  test('[OUTBOX-4] what is signed anew takes the place of what is in it, also where its sender was killed in between', async () => {
    const { outbox, file } = await standingOutbox();
    const signed = (count: number): OutboxEntry => ({
      ...sampleEntry(4),
      signed: {
        session: 'session-1',
        digests: Array.from({ length: count }, (_, index) => `sha256-${index}`),
      },
    });
    await outbox.put(signed(1));
    abandoned(file);
    await outbox.put(signed(2));
    // Both are there now, of which the sender was killed before it let go of the former.
    expect(await outbox.claim()).toEqual([signed(2)]);
    await outbox.remove(signed(2).pushGuid);
    expect(await outbox.claim()).toEqual([]);

    await outbox.put(signed(1));
    abandoned(file);
    const next = open();
    expect(await next.claim()).toEqual([signed(1)]);
    await next.put(signed(2));
    await next.remove(signed(2).pushGuid);
    expect(await next.claim()).toEqual([]);
    expect(warnings).toEqual([]);
  });
});
