import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { syncScenarios } from '@cd-push/timeline';
import { expect, onTestFinished, test } from 'vitest';

const program = join(import.meta.dirname, '../src/main.ts');

interface Told {
  readonly scenarios: readonly {
    readonly number: number;
    readonly title: string;
    readonly situations: readonly {
      readonly title: string;
      readonly holds: boolean;
      readonly checks: readonly { readonly holds: boolean }[];
      readonly failure?: string;
    }[];
  }[];
  readonly passed: number;
  readonly failed: number;
  readonly faults: readonly string[];
}

test('every situation is set up, run and checked in a browser, one line tells of it, and all of it holds', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--once', '--json'], {
    maxBuffer: 16 * 1024 * 1024,
  });
  const told = JSON.parse(stdout) as Told;
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  expect(told.scenarios.map(({ number, title }) => ({ number, title }))).toEqual(
    syncScenarios.map(({ number, title }) => ({ number, title })),
  );
  const situations = told.scenarios.flatMap((scenario) => scenario.situations);
  expect(situations.map(({ title }) => title)).toEqual(
    syncScenarios.flatMap((scenario) => scenario.situations.map(({ title }) => title)),
  );
  expect(situations.filter(({ holds }) => !holds)).toEqual([]);
  expect(situations.filter(({ checks }) => checks.length === 0)).toEqual([]);
  expect(told).toMatchObject({ passed: situations.length, failed: 0, faults: [] });
}, 180_000);

test('without --once it serves the page until it is told to end', async () => {
  const run = spawn(process.execPath, [program, '--json', '--no-open'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void run.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: run.stdout }), 'line')) as [string];
  const { url } = JSON.parse(line) as { readonly url: string };
  const page = await fetch(url);
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
  expect(await page.text()).toContain('<title>Ten situations of two sides</title>');
  run.kill('SIGTERM');
  expect(await once(run, 'exit')).toEqual([0, null]);
}, 60_000);

test.each([['--port', 'x'], ['--port', '70000'], ['--twice']])(
  '%s %s is no way to call it: exit 2',
  async (...given) => {
    const run = spawn(process.execPath, [program, ...given.filter(Boolean)], { stdio: 'ignore' });
    expect(await once(run, 'exit')).toEqual([2, null]);
  },
);
