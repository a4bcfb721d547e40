import { PassThrough } from 'node:stream';

import { expect, test } from 'vitest';

import { Screen } from '../src/screen.ts';
import { fold } from '../src/talk/fold.ts';
import { marksFor } from '../src/talk/marks.ts';
import { screenOf } from './support/screen-of.ts';

const terminal = (columns = 80, rows = 24) => {
  let text = '';
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns, rows });
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const screen = new Screen({ stdout: stream, stderr: stream, env: { TERM: 'xterm' } });
  return { screen, stream, text: () => text, lines: () => screenOf(text).filter((line) => line !== '') };
};

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

test('what is said, and what is printed, stands above the live lines, which stay whole', async () => {
  const { screen, lines } = terminal();
  screen.live(() => ['one under way', 'two under way']);
  await turn();
  screen.say('said meanwhile');
  screen.print('{"printed":true}\n');
  await turn();
  expect(lines()).toEqual(['said meanwhile', '{"printed":true}', 'one under way', 'two under way']);
});

test('live lines leave nothing behind when they are released, and who lost them takes none away', async () => {
  const { screen, lines } = terminal();
  const first = (): string[] => ['first'];
  const second = (): string[] => ['second'];
  screen.live(first);
  await turn();
  screen.live(second);
  await turn();
  screen.release(first);
  expect(lines()).toEqual(['second']);
  screen.release(second);
  screen.say('end');
  expect(lines()).toEqual(['end']);
});

test('a window that has become narrower has folded what is taken away', async () => {
  const { screen, stream, text } = terminal(40);
  screen.live(() => ['x'.repeat(40)]);
  await turn();
  stream.columns = 20;
  screen.say('said');
  expect(text()).toContain('\u001B[2A');
});

test('more live lines than a terminal has rows are counted', async () => {
  const { screen, lines } = terminal(80, 6);
  screen.live(() => Array.from({ length: 10 }, (_, index) => `line ${index}`));
  await turn();
  expect(lines()).toEqual(['line 0', 'line 1', 'line 2', 'and 7 more']);
});

test('what is no terminal gets no live lines', async () => {
  const stream = new PassThrough();
  const screen = new Screen({ stdout: stream, stderr: stream, env: {} });
  screen.live(() => ['under way']);
  await turn();
  expect(stream.read()).toBe(null);
});

test.each([
  [{ LANG: 'en_US.UTF-8' }, '✓'],
  [{}, '✓'],
  [{ LANG: 'de_DE.ISO-8859-1' }, '+'],
  [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, '+'],
  [{ TERM: 'linux' }, '+'],
])('signs are ASCII where the locale or the console has no others: %o', (env, done) => {
  expect(marksFor(env, 'linux').done).toBe(done);
});

test('lines are folded between words, and a word that is too long stays whole', () => {
  expect(fold('one two three /a/path/that/is/long end', 12, '  ')).toEqual([
    '  one two',
    '  three',
    '  /a/path/that/is/long',
    '  end',
  ]);
});
