import { correctionOf, type Correction, type FailureFacts } from '@cd-push/protocol';
import { describe, expect, test } from 'vitest';

import { NodeWorld } from './node-world.ts';

const files = {
  'main.ts': `import { answer } from './answer.ts'; export const said = answer();
import.meta.hot.accept();`,
  'answer.ts': `import { word } from './word.ts'; export const answer = () => word;`,
  'word.ts': `export const word = 'one';`,
};

/** What is proposed for the failure that a real runtime reports of these files. */
const correctionFor = async (changes: Readonly<Record<string, string | null>>): Promise<Correction> => {
  const world = await NodeWorld.create(files);
  await world.start();
  const report = await world.push(changes);
  if (report.stage !== 'failed') throw new Error(`The push ended as ${report.stage}.`);
  const facts: FailureFacts = {
    resources: Object.keys(changes).map((name) => `/app/${name}`),
    isConnected: true,
    isOwed: true,
  };
  return correctionOf(report.problem, facts);
};

describe('[CORRECT-2] what a runtime reports of a failed import', () => {
  test('a file that is not there has to be pushed first', async () => {
    const changes = { 'answer.ts': `import { word } from './new.ts'; export const answer = () => word;` };
    expect(await correctionFor(changes)).toMatchObject({
      cause: 'missing-import',
      action: 'push-missing',
      resource: '/app/new.ts',
    });
  });

  test('and so has one that exports something else', async () => {
    const changes = {
      'answer.ts': `import { phrase } from './word.ts'; export const answer = () => phrase;`,
    };
    expect(await correctionFor(changes)).toMatchObject({
      cause: 'mismatched-import',
      action: 'push-missing',
      resource: '/app/word.ts',
    });
  });

  test('of what is deleted, the one that still imports it', async () => {
    expect(await correctionFor({ 'word.ts': null })).toMatchObject({
      cause: 'mismatched-import',
      action: 'push-missing',
      resource: '/app/answer.ts',
    });
  });

  test('what the push itself brings has to be corrected', async () => {
    expect(await correctionFor({ 'word.ts': `export const phrase = 'two';` })).toMatchObject({
      cause: 'mismatched-import',
      action: 'fix',
      resource: '/app/word.ts',
    });
  });

  test('a package has to be installed where it runs', async () => {
    const changes = { 'answer.ts': `import pad from 'no-such-package'; export const answer = () => pad;` };
    expect(await correctionFor(changes)).toMatchObject({
      cause: 'missing-import',
      action: 'fix',
      advice: expect.stringContaining('no-such-package'),
    });
  });
});
