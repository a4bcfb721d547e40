import { expect, it } from 'vitest';

import { guardedLog, jsonLog } from '../src/log.ts';
import { KeptLog } from './support/stack.ts';

const jwt = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJl';

it('a token in whatever is logged is blotted out', () => {
  const kept = new KeptLog();
  guardedLog(kept, () => 0).error({ reason: `bad ${jwt}`, header: 'Bearer abcdefghijkl' }, 'It failed.');
  expect(kept.lines).toEqual(['[{"reason":"bad [removed]","header":"Bearer [removed]"},"It failed."]']);
});

it('a long text that nearly is a token is looked through once', () => {
  const kept = new KeptLog();
  // Looked at from each of its starts to its end, it would take minutes.
  const reason = '-eyJaaaaa'.repeat(150_000);
  guardedLog(kept, () => 0).error({ reason }, 'It failed.');
  expect(kept.lines).toEqual([JSON.stringify([{ reason }, 'It failed.'])]);
});

it('one message is said so often per second, and then how often it was left out', () => {
  const kept = new KeptLog();
  let now = 0;
  const log = guardedLog(kept, () => now);
  for (let count = 0; count < 1_000; count += 1) log.warn({}, 'Again.');
  expect(kept.lines).toHaveLength(20);
  now = 1_000;
  log.warn({}, 'Again.');
  expect(kept.lines.at(-1)).toBe('[{"unsaid":980},"Again."]');
});

it('lines are JSON', () => {
  const lines: string[] = [];
  jsonLog({ level: 'info', write: (line) => lines.push(line) }).info({ peer: 'a' }, 'Hello.');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ name: 'relay', peer: 'a', msg: 'Hello.' });
});
