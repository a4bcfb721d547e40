import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { replaceFile, type Replaced } from '../src/merge/replace-file.ts';
import { folderIdentity } from '../src/project/folder-identity.ts';
import { contentDigest } from '../src/transform/content-digest.ts';

const support = (name: string): string => join(import.meta.dirname, 'support', name);
const path = 'page.html';
let root: string;
let file: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'cd-replace-')));
  file = join(root, path);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const replace = (from: string | null, to: string | null): Promise<Replaced> =>
  replaceFile({
    root,
    folder: folderIdentity(root),
    path,
    ignore: () => false,
    from: from === null ? null : contentDigest(from),
    to: to === null ? null : new TextEncoder().encode(to),
  });

test('a file is replaced, made and removed as long as it says what it did, and nothing is left beside it', async () => {
  expect(await replace(null, 'one')).toBe('replaced');
  expect(await replace(null, 'two')).toBe('changed');
  expect(await replace('one', 'two')).toBe('replaced');
  expect(await replace('one', 'three')).toBe('changed');
  expect(await replace('one', null)).toBe('changed');
  expect(readFileSync(file, 'utf8')).toBe('two');
  expect(readdirSync(root)).toEqual([path]);
  expect(await replace('two', null)).toBe('replaced');
  expect(await replace('two', 'three')).toBe('changed');
  expect(readdirSync(root)).toEqual([]);
});

test.each(['in-place', 'renamed'] as const)(
  'what somebody saves (%s) while it is replaced stays, whoever is first',
  async (how) => {
    const thread = new Worker(support('saving-thread.ts'));
    const outcomes = new Set<Replaced>();
    let unseen = 0;
    // Who is just too early comes later the next time, so that nearly every save falls into the last moment. What is
    // saved within the microseconds between two calls of the system is seen by nobody: those come at any time.
    let afterTurns = 1_000_000;
    for (let round = 0; round < 400; round += 1) {
      writeFileSync(file, 'before');
      const saved = once(thread, 'message');
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      thread.postMessage({ file, text: `saved ${round}`, how, afterTurns });
      const [outcome] = await Promise.all([replace('before', `merged ${round}`), saved]);
      outcomes.add(outcome);
      const stays = readFileSync(file, 'utf8');
      if (stays !== `saved ${round}`) unseen += 1;
      expect([`saved ${round}`, `merged ${round}`]).toContain(stays);
      if (how === 'renamed') afterTurns = (round % 40) * 20_000;
      else afterTurns = Math.round(afterTurns * (outcome === 'changed' ? 1.03 : 0.97)) + (round % 7) * 100;
    }
    await thread.terminate();
    expect(unseen).toBeLessThanOrEqual(2);
    // Otherwise one was always there first, and nothing was tried.
    expect(outcomes).toEqual(new Set(['replaced', 'changed']));
    expect(readdirSync(root)).toEqual([path]);
  },
);

test('whoever is killed in the middle leaves the file whole: as it was, or as it was to be', async () => {
  const size = 2_000_000;
  const texts = ['a', 'b'].map((letter) => contentDigest(letter.repeat(size)));
  for (let round = 0; round < 8; round += 1) {
    writeFileSync(file, 'a'.repeat(size));
    const child = fork(support('replacing-process.ts'), [root, path, String(size)]);
    const ended = once(child, 'exit');
    await once(child, 'message');
    // Anywhere within the first few replacements.
    await delay(round * 7);
    child.kill('SIGKILL');
    await ended;
    expect(texts).toContain(contentDigest(readFileSync(file)));
  }
});
