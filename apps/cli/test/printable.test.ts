import { PassThrough } from 'node:stream';

import { expect, test } from 'vitest';

import { Screen } from '../src/screen.ts';
import { printJson } from '../src/talk/print-json.ts';
import { printable, printableInColour } from '../src/printable.ts';

test.each([
  ['C0', 'a\u0007\rb', 'a\\u0007\\u000db'],
  ['escape', '\u001B[2Jgone', '\\u001b[2Jgone'],
  ['C1', '\u009B2J\u0085', '\\u009b2J\\u0085'],
  ['direction', 'a\u202Eb\u2066\u061C', 'a\\u202eb\\u2066\\u061c'],
  ['zero width', 'a\u200Bb\u2060\uFEFF', 'a\\u200bb\\u2060\\ufeff'],
  ['fillers', '\u115F\u3164\uFFA0\u00AD\u034F', '\\u115f\\u3164\\uffa0\\u00ad\\u034f'],
  ['tags', 'a\u{E0041}', 'a\\udb40\\udc41'],
  ['variation selectors', 'a\uFE0F', 'a\\ufe0f'],
  ['separators', 'a\u2028b', 'a\\u2028b'],
  ['half a pair', 'a\uD800', 'a\\ud800'],
])('%s is written out instead of done', (_name, text, shown) => {
  expect(printable(text)).toBe(shown);
  expect(printableInColour(text)).toBe(shown);
});

test('what can be seen stays: letters of all scripts, emoji of several code points, lines', () => {
  const text = 'Zoë שלום 日本\nfamily 👨‍👩‍👧 ❤️ 1️⃣';
  expect(printable(text)).toBe(text);
});

const streams = () => {
  let stdout = '';
  let stderr = '';
  const stream = (take: (text: string) => void) => {
    const made = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
    made.on('data', (chunk: Buffer) => take(chunk.toString()));
    return made;
  };
  const screen = new Screen({
    stdout: stream((text) => (stdout += text)),
    stderr: stream((text) => (stderr += text)),
    env: { TERM: 'xterm' },
  });
  return { screen, written: () => ({ stdout, stderr }) };
};

test('whatever a command says, prints or draws, a terminal is not moved by it; our colours and tabs stay', async () => {
  const { screen, written } = streams();
  screen.live(() => ['drawn\u200B']);
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  screen.say('\u001B[31msaid\u001B[39m\t\u001B[8m\u001B[2J');
  screen.print('printed\u202E\n');
  const { stdout, stderr } = written();
  expect(stdout).toBe('printed\\u202e\n');
  expect(stderr).toContain('drawn\\u200b');
  expect(stderr).toContain('\u001B[31msaid\u001B[39m\t\\u001b[8m\\u001b[2J');
});

test('JSON says the same with what is invisible escaped', () => {
  const { screen, written } = streams();
  const value = { name: 'till\u202E\u200B\u{E0041}\n\u0085' };
  printJson({ screen }, value);
  expect(written().stdout).toBe('{"name":"till\\u202e\\u200b\\udb40\\udc41\\n\\u0085"}\n');
  expect(JSON.parse(written().stdout)).toEqual(value);
});
