import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { describe, expect, onTestFinished, test } from 'vitest';

import { linesOf } from '../src/cli/report.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

const convergence = async (...args: string[]) => {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: child.exitCode, out, err };
};

describe('pnpm convergence', () => {
  test('teaches', async () => {
    const { code, out } = await convergence('--help');
    expect(code).toBe(0);
    for (const word of [
      '--seed',
      '--histories',
      '--only',
      '--planted',
      'unstableAddresses',
      'docs/convergence.md',
    ])
      expect(out).toContain(word);
  });

  test.each([
    [['--seed', '1.5'], '--seed'],
    [['--histories', '0'], '--histories'],
    [['--workers', 'many'], '--workers'],
    [['--only', '0'], '--only'],
    [['--only', '3', '--steps', '1,x'], '--steps'],
    [['--steps', '1'], '--only'],
    [['--bogus'], '--bogus'],
    [['dance'], 'dance'],
  ])('could not run with %j, and says why', async (args, why) => {
    const { code, out, err } = await convergence(...args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(why);
  });

  test('prints one line of JSON, the same with any number of threads, and ends with 0', async () => {
    const [one, two] = await Promise.all(
      ['1', '2'].map((workers) =>
        convergence('--seed', '2', '--histories', '30', '--workers', workers, '--json'),
      ),
    );
    expect(one).toMatchObject({ code: 0, err: '' });
    expect(two?.out).toBe(one?.out);
    const summary: unknown = JSON.parse(one?.out ?? '');
    expect(summary).toEqual({
      histories: 30,
      operations: expect.any(Number),
      merges: expect.any(Number),
      conflicts: expect.any(Number),
      crashes: expect.any(Number),
      divergences: 0,
      lostEdits: 0,
      unstableAddresses: 0,
    });
    expect((summary as { operations: number }).operations).toBeGreaterThanOrEqual(30 * 20);
  });

  test('plays one history alone, or some of its steps, and tells what happens', async () => {
    const { code, out } = await convergence('--seed', '2', '--only', '5');
    expect(code).toBe(0);
    expect(out).toMatch(/^\d+\. concurrent$/m);
    expect(out).toMatch(/ merged with …\w{6} as …\w{6}/);
    expect(out).toMatch(/^lost edits\s+0$/m);
    const part = await convergence('--seed', '2', '--only', '5', '--steps', '1,3');
    expect(part.out.match(/^\d+\. /gm)).toEqual(['1. ', '3. ']);
  });

  test('names a history that fails, and how it is played again', () => {
    const findings = [{ count: 'lostEdits', what: 'e1$0 is gone' }] as const;
    expect(linesOf(4, [{ history: 19, findings }])).toEqual([
      'history 19 fails; pnpm convergence --seed 4 --only 19',
      '  lostEdits: e1$0 is gone',
    ]);
  });
});
