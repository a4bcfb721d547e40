import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkImports } from './check-imports.mjs';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cd-push-imports-'));
  room('packages/protocol', { dependencies: { typebox: '1.0.0' } });
  write('packages/protocol/src/index.ts', "import { Type } from 'typebox';\nexport * from './limits.ts';");
  write('packages/protocol/src/limits.ts', 'export const limit = 1;');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a workspace that keeps the rules', () => {
  it('has no violations', () => {
    room('packages/timeline', { dependencies: ours('protocol') });
    write('packages/timeline/src/index.ts', "export { limit } from '@cd-push/protocol';");
    room('packages/store', { dependencies: { ...ours('protocol', 'timeline'), kysely: '1.0.0' } });
    write(
      'packages/store/src/index.ts',
      "import type { Frame } from '@cd-push/timeline';\nimport 'node:sqlite';",
    );
    room('packages/testing', { dependencies: ours('protocol', 'store') });
    room('apps/api', { dependencies: ours('store'), devDependencies: ours('testing') });
    write(
      'apps/api/test/api.test.ts',
      "import { stack } from '@cd-push/testing';\nimport '../src/index.ts';",
    );
    write('apps/api/src/index.ts', "import { open } from '@cd-push/store';");
    write('apps/api/vitest.config.ts', "export { default } from '../../vitest.shared.ts';");
    room('examples/hello', { dependencies: ours('api', 'protocol') });
    write('examples/hello/src/index.ts', "import '@cd-push/api';\nimport '@cd-push/protocol';");
    expect(checkImports(root)).toEqual([]);
  });

  it('ignores output, fixtures and computed specifiers', () => {
    write('packages/protocol/dist/index.js', "import '@cd-push/nowhere/deep'; import '../../x.js';");
    write('packages/protocol/fixtures/broken.ts', 'import {');
    write('packages/protocol/src/late.ts', 'export const load = (name: string) => import(name);');
    expect(checkImports(root)).toEqual([]);
  });
});

describe('who may import whom', () => {
  it('refuses an import that the table does not grant, and the dependency too', () => {
    room('packages/client', { dependencies: ours('protocol') });
    write('packages/protocol/src/bad.ts', "\nimport { connect } from '@cd-push/client';");
    room('apps/relay', { dependencies: ours('client') });
    expect(checkImports(root)).toEqual([
      'apps/relay/package.json: may not depend on packages/client',
      'packages/protocol/src/bad.ts:2: packages/protocol may not import packages/client',
    ]);
  });

  it.each([
    ["export { x } from '@cd-push/store';"],
    ["export * from '@cd-push/store';"],
    ["export const load = () => import('@cd-push/store');"],
    ["export type Store = import('@cd-push/store').Store;"],
    ["import type { Store } from '@cd-push/store';"],
  ])('sees %s', (source) => {
    room('packages/store', {});
    write('packages/protocol/src/bad.ts', source);
    expect(checkImports(root)).toEqual([
      'packages/protocol/src/bad.ts:1: packages/protocol may not import packages/store',
    ]);
  });

  it('grants store the types of timeline alone', () => {
    room('packages/timeline', {});
    room('packages/store', {});
    write('packages/store/src/good.ts', "import { type Frame } from '@cd-push/timeline';");
    write('packages/store/src/bad.ts', "import { type Frame, merge } from '@cd-push/timeline';");
    expect(checkImports(root)).toEqual([
      'packages/store/src/bad.ts:1: only types may be imported from packages/timeline',
    ]);
  });

  it('keeps packages/testing to tests', () => {
    room('packages/testing', {});
    room('apps/api', { dependencies: ours('testing') });
    write('apps/api/src/index.ts', "import '@cd-push/testing';");
    write('examples/hello/package.json', '{ "name": "hello" }');
    write('examples/hello/src/index.ts', "import '@cd-push/testing';");
    expect(checkImports(root)).toEqual([
      'apps/api/package.json: may not depend on packages/testing',
      'apps/api/src/index.ts:1: apps/api may not import packages/testing',
      'examples/hello/src/index.ts:1: examples/hello may not import packages/testing',
    ]);
  });

  it('lets cli import the roots of api and relay, and nobody else', () => {
    room('apps/api', {});
    room('apps/relay', {});
    room('apps/cli', { dependencies: ours('api', 'relay') });
    write(
      'apps/cli/src/up.ts',
      "import '@cd-push/api';\nimport '@cd-push/relay';\nimport '@cd-push/relay/doors';",
    );
    write('apps/relay/src/index.ts', "import '@cd-push/api';");
    expect(checkImports(root)).toEqual([
      "apps/cli/src/up.ts:3: reaches into another package: '@cd-push/relay/doors'",
      'apps/relay/src/index.ts:1: apps/relay may not import apps/api',
    ]);
  });

  it('demands a row for every room', () => {
    room('packages/drawer', {});
    expect(checkImports(root)).toEqual(['packages/drawer: has no row in scripts/import-rules.mjs']);
  });

  it('allows protocol no library but typebox', () => {
    room('packages/protocol', { dependencies: { typebox: '1.0.0', ulid: '1.0.0' } });
    write('packages/protocol/src/bad.ts', "import { ulid } from 'ulid';");
    write('packages/protocol/test/ok.test.ts', "import { it } from 'vitest';");
    expect(checkImports(root)).toEqual([
      "packages/protocol/package.json: may depend on typebox alone, not 'ulid'",
      "packages/protocol/src/bad.ts:1: of libraries, packages/protocol may import typebox alone, not 'ulid'",
    ]);
  });

  it("keeps Node's modules out of what runs in browsers", () => {
    write(
      'packages/protocol/src/bad.ts',
      "import { readFile } from 'node:fs';\nimport { join } from 'path';",
    );
    write('packages/protocol/test/ok.test.ts', "import { readFile } from 'node:fs';");
    expect(checkImports(root)).toEqual([
      "packages/protocol/src/bad.ts:1: runs in browsers too and may not import 'node:fs'",
      "packages/protocol/src/bad.ts:2: runs in browsers too and may not import 'path'",
    ]);
  });
});

it('knows the files of a neutral room that are for Node alone', () => {
  const aliases = { '#crypto': { node: './dist/crypto/node.js', default: './dist/crypto/web.js' } };
  room('packages/timeline', { imports: aliases });
  write('packages/timeline/src/crypto/node.ts', "import { hash } from 'node:crypto';");
  write('packages/timeline/src/index.ts', "import { hash } from '#crypto';");
  expect(checkImports(root)).toEqual([]);
});

describe('the walls of a package', () => {
  it('may not be left by a relative path', () => {
    room('packages/timeline', {});
    write('packages/timeline/src/index.ts', "export * from '../../protocol/src/index.ts';");
    write('packages/timeline/src/config.ts', "import '../../../vitest.shared.ts';");
    expect(checkImports(root)).toEqual([
      "packages/timeline/src/config.ts:1: leaves its package by '../../../vitest.shared.ts'",
      "packages/timeline/src/index.ts:1: leaves its package by '../../protocol/src/index.ts'",
    ]);
  });

  it('may not be left by an alias', () => {
    room('packages/timeline', { imports: { '#store': { default: '@cd-push/store' } } });
    expect(checkImports(root)).toEqual([
      `packages/timeline/package.json: an alias in "imports" leads outside: '@cd-push/store'`,
    ]);
  });

  it('may not be reached through', () => {
    room('packages/timeline', {});
    write('packages/timeline/src/index.ts', "import '@cd-push/protocol/dist/limits.js';");
    expect(checkImports(root)).toEqual([
      "packages/timeline/src/index.ts:1: reaches into another package: '@cd-push/protocol/dist/limits.js'",
    ]);
  });
});

describe('circles', () => {
  it('are found between files, those of types included', () => {
    write('packages/protocol/src/limits.ts', "import type { X } from './x.ts';");
    write('packages/protocol/src/x.ts', "export * from './index.ts';");
    expect(checkImports(root)).toEqual([
      'files import each other in a circle: packages/protocol/src/index.ts → ' +
        'packages/protocol/src/limits.ts → packages/protocol/src/x.ts → packages/protocol/src/index.ts',
    ]);
  });

  it('are found between packages, through development dependencies too', () => {
    room('packages/testing', { dependencies: ours('protocol') });
    room('packages/protocol', { devDependencies: ours('testing') });
    expect(checkImports(root)).toEqual([
      'packages depend on each other in a circle: packages/protocol → packages/testing → packages/protocol',
    ]);
  });
});

it('names a file that cannot be parsed', () => {
  write('packages/protocol/src/bad.ts', 'export const = 1;');
  expect(checkImports(root)).toEqual([
    expect.stringMatching(/^packages\/protocol\/src\/bad\.ts: cannot be parsed/),
  ]);
});

function room(folder: string, manifest: object) {
  const name = `@cd-push/${folder.split('/').at(-1)}`;
  write(`${folder}/package.json`, JSON.stringify({ name, ...manifest }));
}

function ours(...names: string[]) {
  return Object.fromEntries(names.map((name) => [`@cd-push/${name}`, 'workspace:*']));
}

function write(path: string, content: string) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}
