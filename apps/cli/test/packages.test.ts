import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { expect, onTestFinished, test } from 'vitest';

import { bundlePackages, importedPackages } from '../src/packages/page-packages.ts';
import { Base } from '../src/transform/base.ts';
import { stackFor } from './support/stack.ts';
import { makeWorkshop, type Workshop } from './support/workshop.ts';

/** A library in two parts that share a state, one in CommonJS, and one that only a program in Node uses. */
const installed = {
  'package.json': '{"name":"shop"}',
  'node_modules/words/package.json':
    '{"name":"words","version":"1.0.0","type":"module","exports":{".":{"browser":"./browser.js","default":"./node.js"},"./more":"./more.js"}}',
  'node_modules/words/node.js': `import { readFileSync } from 'node:fs'; export const word = String(readFileSync);`,
  'node_modules/words/browser.js': `import { state } from './state.js'; export const word = 'for ' + process.env.NODE_ENV; export const count = () => ++state.n;`,
  'node_modules/words/more.js': `import { state } from './state.js'; export const count = () => ++state.n;`,
  'node_modules/words/state.js': `export const state = { n: 0 };`,
  'node_modules/@old/common/package.json': '{"name":"@old/common","version":"2.0.0"}',
  'node_modules/@old/common/index.js': `exports.word = 'common';`,
  'node_modules/server/package.json': '{"name":"server","version":"1.0.0"}',
  'node_modules/server/index.js': `require('node:net');`,
  'src/main.ts': `import './view.ts';\nimport { runtime } from 'cd-push:runtime';\nimport 'https://cdn.example/x.js';\nimport 'not-installed';\nvoid runtime;\n`,
  'src/view.ts': `import { word } from 'words';\nimport { count } from 'words/more';\nexport const late = () => import('@old/common');\nvoid [word, count];\n`,
  'service/main.ts': `import 'server';\n`,
};

const project = (): { workshop: Workshop; base: Base } => {
  const workshop = makeWorkshop(installed);
  onTestFinished(() => workshop[Symbol.dispose]());
  const base = new Base(workshop.root, 'shop', {});
  base.update(['']);
  return { workshop, base };
};

test('a page has the installed packages that its entry leads to, and no others', () => {
  const { workshop, base } = project();
  expect(importedPackages(workshop.root, base.entries(), '/shop/src/main.ts')).toEqual([
    { name: '@old/common', version: '2.0.0' },
    { name: 'words', version: '1.0.0' },
    { name: 'words/more', version: '1.0.0' },
  ]);
});

test('they become modules for browsers, whose parts share what they share', async () => {
  const { workshop, base } = project();
  const packages = importedPackages(workshop.root, base.entries(), '/shop/src/main.ts');
  const { urls, files } = await bundlePackages(workshop.root, packages);
  expect(Object.keys(urls)).toEqual(['@old/common', 'words', 'words/more']);
  const written = makeWorkshop(Object.fromEntries(files));
  onTestFinished(() => written[Symbol.dispose]());
  const load = async (name: string): Promise<Record<string, unknown>> =>
    (await import(pathToFileURL(join(written.root, urls[name]!)).href)) as Record<string, unknown>;
  const words = await load('words');
  expect(words['word']).toBe('for production');
  expect((words['count'] as () => number)()).toBe(1);
  expect(((await load('words/more'))['count'] as () => number)()).toBe(2);
  expect((await load('@old/common'))['default']).toEqual({ word: 'common' });
});

test('the dev host names and serves them, also those that code imports only since it started', async () => {
  const workshop = makeWorkshop({ ...installed, 'src/view.ts': 'export {};\n' });
  onTestFinished(() => workshop[Symbol.dispose]());
  await using stack = await stackFor(workshop);
  const { pageUrl } = stack.state;
  const packages = async (): Promise<Record<string, string>> => {
    const answer = await fetch(new URL('cd-push.base.json', pageUrl));
    return ((await answer.json()) as { packages: Record<string, string> }).packages;
  };
  expect(await packages()).toEqual({});
  workshop.write('src/view.ts', `import { word } from 'words';\nvoid word;\n`);
  await expect.poll(packages, { timeout: 30_000 }).toHaveProperty('words');
  const { words = '' } = await packages();
  const file = await fetch(new URL(words, pageUrl));
  expect(file.headers.get('content-type')).toContain('text/javascript');
  expect(await file.text()).toContain('for production');
});
