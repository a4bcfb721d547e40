import { expect, test } from 'vitest';

import { isReached } from '../src/reach.ts';

const away = () => Promise.reject(new Error('connection refused'));

test('where a server is missing it is said which suites are left out', async () => {
  const said: string[] = [];
  expect(await isReached('Redis at here', away, {}, (line) => said.push(line))).toBe(false);
  expect(said).toEqual(['No Redis at here: the suites that need it are left out.\n']);
});

test('a build in which a server is missing fails', async () => {
  await expect(isReached('Redis at here', away, { CI: 'true' }, () => {})).rejects.toThrow(
    'connection refused',
  );
});

test('where it answers nothing is said', async () => {
  const said: string[] = [];
  expect(
    await isReached(
      'Redis at here',
      async () => {},
      { CI: 'true' },
      (line) => said.push(line),
    ),
  ).toBe(true);
  expect(said).toEqual([]);
});
