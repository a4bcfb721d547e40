import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { describe, expect, onTestFinished, test } from 'vitest';

import { begun, type History } from './support/history.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

const faults = async (...args: string[]) => {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: child.exitCode, out, err };
};

const logOf = ({ events }: History): string => {
  const folder = mkdtempSync(join(tmpdir(), 'faults-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'log.jsonl');
  writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return file;
};

describe('pnpm faults', () => {
  test('teaches', async () => {
    const { code, out } = await faults('--help');
    expect(code).toBe(0);
    for (const word of ['--seed', '--planted', 'check <log>', 'regressed', 'docs/faults.md'])
      expect(out).toContain(word);
  });

  test.each([
    [['--store', 'oracle'], 'postgres or sqlite'],
    [['--store', 'sqlite', '--nodes', '2'], 'one relay'],
    [['--seed', '1.5'], '--seed'],
    [['--minutes', '0'], '--minutes'],
    [['--bogus'], '--bogus'],
    [['dance'], 'dance'],
    [['check'], 'check'],
    [['check', '/nowhere'], '/nowhere'],
  ])('could not run with %j, and says why', async (args, why) => {
    const { code, err } = await faults(...args);
    expect(code).toBe(2);
    expect(err).toContain(why);
  });

  test('counts a log again, and ends with 0 where nothing is wrong', async () => {
    const { code, out } = await faults('check', logOf(begun().good('p', 1)), '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      rounds: 0,
      kills: 0,
      faults: {},
      accepted: 1,
      checked: 1,
      lost: 0,
      doubled: 0,
      reordered: 0,
      phantom: 0,
      regressed: 0,
      catchUpP99Ms: 0,
    });
  });

  test('names what is wrong, and ends with 1', async () => {
    const { code, out } = await faults('check', logOf(begun().good('p', 1).effect('one', 'q')));
    expect(code).toBe(1);
    expect(out).toContain('phantom: push q at one took effect, and nobody sent it');
  });
});
