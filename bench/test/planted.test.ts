import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Type } from 'typebox';
import { Check } from 'typebox/value';
import { expect, it } from 'vitest';

import { plantFlags, plantVariable, type Plant } from '../src/plants/planting.ts';

const Report = Type.Object({
  testResults: Type.Array(
    Type.Object({
      assertionResults: Type.Array(Type.Object({ fullName: Type.String(), status: Type.String() })),
    }),
  ),
});

/** Titles of the counted assertions that fail with a plant in the relay. */
const failingWith = async (plant: Plant): Promise<string[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'cd-push-bench-'));
  const report = join(folder, 'report.json');
  try {
    const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));
    const args = ['run', 'test/counts.test.ts', '--reporter=json', `--outputFile.json=${report}`];
    const child = spawn(process.execPath, [vitest, ...args], {
      cwd: join(import.meta.dirname, '..'),
      env: { ...process.env, [plantVariable]: plant },
      stdio: 'ignore',
    });
    const code = await new Promise((resolve) => {
      child.once('close', resolve);
    });
    expect(code).toBe(1);
    const value: unknown = JSON.parse(readFileSync(report, 'utf8'));
    if (!Check(Report, value)) throw new TypeError('This is no report.');
    return value.testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ status }) => status === 'failed')
      .map(({ fullName }) => fullName);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const longest = 300_000;

it(
  'the counted assertions fail with a second encoding for each recipient',
  { timeout: longest },
  async () => {
    const failing = await failingWith('encode');
    expect(failing).toContain('a push to one recipient is encoded once');
    expect(failing).toContain('a push to many recipients is encoded once, and signed and verified once');
  },
);

it('the counted assertions fail with a timer on the path', { timeout: longest }, async () => {
  const failing = await failingWith('timer');
  expect(failing).toContain('a push to one recipient waits for no timer in the relay');
  expect(failing).toContain('a push to many recipients costs no HTTP call and no timer');
});

it('refuses a plant that there is none of', () => {
  expect(plantFlags()).toEqual([]);
  expect(() => plantFlags('none')).toThrow('There is no plant "none"');
});
