import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { startFakeRuntime } from './support/fake-runtime.ts';
import { screenOf } from './support/screen-of.ts';
import { stackFor } from './support/stack.ts';
import { makeWorkshop, type Workshop } from './support/workshop.ts';

const program = join(import.meta.dirname, '../dist/main.js');
/** util-linux's, which runs a program on a terminal of its own; other systems have another or none. */
const terminal = 'script';
const hasScript = /util-linux/u.test(String(spawnSync(terminal, ['--version']).stdout));

/** Runs the built program on a real terminal, and types an answer when it is asked. */
const onTerminal = async (
  workshop: Workshop,
  args: readonly string[],
  typed?: { readonly when: string; readonly text: string },
): Promise<{ code: number | null; screen: string }> => {
  const command = [process.execPath, program, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn(terminal, ['-qec', `stty cols 80 rows 24; exec ${command}`, '/dev/null'], {
    cwd: workshop.root,
    env: { ...process.env, ...workshop.env, TERM: 'xterm' },
  });
  let screen = '';
  let isTyped = false;
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
    if (typed === undefined || isTyped || !screen.includes(typed.when)) return;
    isTyped = true;
    child.stdin.write(`${typed.text}\r`);
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  return { code, screen };
};

test.skipIf(!hasScript)('a password that is typed at the question is not shown', async () => {
  using workshop = makeWorkshop({ 'package.json': '{"name":"shop"}' });
  await using stack = await stackFor(workshop);
  const login = ['login', stack.state.apiUrl, '--user', 'developer'];
  const { code, screen } = await onTerminal(workshop, login, { when: 'Password', text: 'hunter2-typed' });
  expect(code).toBe(5);
  expect(screen).toContain('invalid-credentials');
  expect(screen).not.toContain('hunter2');
});

test.skipIf(!hasScript)(
  'a push shows one line per recipient, rewritten in place and no wider than the terminal',
  async () => {
    using workshop = makeWorkshop({ 'package.json': '{"name":"shop"}', 'src/page.html': '<p>hello</p>\n' });
    await using stack = await stackFor(workshop);
    const runtime = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'till' });
    const { code, screen } = await onTerminal(workshop, ['push', 'runtime', 'src/page.html']);
    runtime.close();
    expect(code).toBe(0);
    const lines = screenOf(screen.replaceAll('\r\n', '\n'));
    expect(
      lines.find((line) => /^✓ \d+ ms +node till#\w+ +relayed \d+ · pushed \d+ · delivered \d+$/u.test(line)),
    ).toBeDefined();
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  },
);

test.skipIf(!hasScript)('NO_COLOR leaves a terminal without colours', async () => {
  using workshop = makeWorkshop({ 'package.json': '{"name":"shop"}' });
  const { screen } = await onTerminal({ ...workshop, env: { ...workshop.env, NO_COLOR: '1' } }, ['targets']);
  expect(screen).toContain('error');
  expect(screen).not.toContain('\u001B[3');
});
