import { expect, test } from 'vitest';

import { nextJson } from '../src/talk/next-json.ts';

test.each([
  ['Sign in: cd-cli login', 'cd-cli login'],
  [
    'The push is accepted and goes on. Look later: cd-cli track 4f0c6a52\nIf till will not return, remove it.',
    'cd-cli track 4f0c6a52',
  ],
  ['cd-cli retry 4f0c6a52 --target till#c7ca8c', 'cd-cli retry 4f0c6a52 --target till#c7ca8c'],
])('as data, next is the command that an advice ends with: %s', (advice, next) => {
  expect(nextJson(advice)).toEqual({ advice, next });
});

test.each([
  'Wait, then try again.',
  'cd-cli login https://api.example, or set relays.remote in cd-push.config.ts',
  'Export it anew: cd-cli audit export <file>',
  'Check that the stack runs (cd-cli up) and that the address is right (cd-cli config).',
])('as data, what is no command to be run is advice alone: %s', (advice) => {
  expect(nextJson(advice)).toEqual({ advice });
});

test('where nothing can be done, nothing is said', () => {
  expect(nextJson(undefined)).toEqual({});
});
