import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { root, workspaceFolders } from './workspace.mjs';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const sourcesOf = (room: string): string =>
  readdirSync(join(root, room, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(join(room, 'src', name)))
    .join('\n');

/** Names of variables of our own, and of those that go by their usual names. */
const variable =
  /(?:CD_PUSH_[A-Z_]*[A-Z]|DATABASE_URL(?:_FILE)?|REDIS_URL(?:_FILE)?|(?<![A-Z_])(?:HOST|PORT|LOG_LEVEL))/;

/** Each name that is read: `env.NAME`, or in quotes behind `env,` or where it is given a name. */
const readIn = (source: string): Set<string> => {
  const names = new Set<string>();
  const places = new RegExp(
    String.raw`env\.(${variable.source})\b|\benv,\s+'(${variable.source})'|(?:name|[Vv]ariable) = '(${variable.source})'`,
    'g',
  );
  for (const found of source.matchAll(places)) {
    const name = found.slice(1).find((group) => group !== undefined);
    if (name !== undefined) names.add(name);
  }
  for (const [, name] of source.matchAll(/secretIn\(env, '(\w+)'\)/g)) names.add(`${name}_FILE`);
  if (source.includes('serviceSecretIn(env)')) names.add('CD_PUSH_SERVICE_SECRET_FILE');
  return names;
};

/** Each name that a README explains: in the first column of a table, or as a file. */
const explainedIn = (readme: string): Set<string> => {
  const rows = [...readme.matchAll(/^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) +\|/gm)].map(([, names]) => names ?? '');
  const words = rows.join(' ').match(/[A-Z_]+/g) ?? [];
  return new Set([...words, ...(readme.match(/[A-Z_]+_FILE/g) ?? [])]);
};

test.each(['apps/api', 'apps/relay', 'apps/cli'])(
  'the README of %s explains the variables that it reads, each and no other',
  (room) => {
    const found = [...readIn(sourcesOf(room))].toSorted();
    expect(found.length).toBeGreaterThan(9);
    expect([...explainedIn(read(join(room, 'README.md')))].toSorted()).toEqual(found);
  },
);

test('what compose.yaml hands to a program is explained in its README', () => {
  const explained = new Set(
    ['apps/api', 'apps/relay'].flatMap((room) => [...explainedIn(read(join(room, 'README.md')))]),
  );
  const handed = [...read('compose.yaml').matchAll(/^ +(CD_PUSH_\w+|\w+_URL\w*|PORT):/gm)].map(
    ([, name]) => name,
  );
  expect(handed.length).toBeGreaterThan(12);
  // The proxy's own.
  expect(handed.filter((name) => name !== 'CD_PUSH_HOST' && !explained.has(name ?? ''))).toEqual([]);
});

test('what can be set for compose is in the table of docs/deploying.md', () => {
  const settable = [...read('compose.yaml').matchAll(/\$\{(\w+)/g)].map(([, name]) => name ?? '');
  expect([...explainedIn(read('docs/deploying.md'))].toSorted()).toEqual([...new Set(settable)].toSorted());
});

test('every room is in the table of docs/architecture.md', () => {
  const page = read('docs/architecture.md');
  const missing = workspaceFolders()
    .map((folder: string) => folder.replace(/^examples\/.*/, 'examples/*'))
    .filter((folder: string) => !page.includes(`| \`${folder}\` `));
  expect(missing).toEqual([]);
});

test('docs/architecture.md names the problems that fitting refuses with, each and no other', () => {
  const row = /^\|.*`apps\/relay\/src\/line\/fit\.ts`.*$/m.exec(read('docs/architecture.md'))?.[0] ?? '';
  const named =
    row
      .split('|')
      .at(-2)
      ?.match(/[a-z-]+/g) ?? [];
  const fit = read('apps/relay/src/line/fit.ts') + read('apps/relay/src/line/stored-contents.ts');
  const given = [...fit.matchAll(/problemOf\('([a-z-]+)'/g)].map(([, kind]) => kind ?? '');
  expect(named.toSorted()).toEqual([...new Set(given)].toSorted());
});
