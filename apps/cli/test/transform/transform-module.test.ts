import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { describe, expect, test } from 'vitest';

import type { PatchProblem } from '../../src/transform/patch-problem.ts';
import type { Resolution } from '../../src/transform/resolve-specifier.ts';
import {
  transformModule,
  type ModuleOptions,
  type TransformedModule,
} from '../../src/transform/transform-module.ts';

const resolve = (specifier: string): Resolution => {
  if (specifier === './absent.ts') return { kind: 'refused', reason: 'there is no such file' };
  return specifier.startsWith('.')
    ? { kind: 'resource', resource: `/m/${specifier.slice(2)}` }
    : { kind: 'external', specifier };
};
const run = (text: string, name = 'x.ts', options: ModuleOptions = {}): ReturnType<typeof transformModule> =>
  transformModule({ resource: `/m/${name}`, text, resolve, options });
const good = (text: string, name?: string, options?: ModuleOptions): TransformedModule => {
  const done = run(text, name, options);
  if (!done.ok) throw new Error(done.problem.detail);
  return done.value;
};
const fault = (text: string, name?: string): PatchProblem => {
  const done = run(text, name);
  if (done.ok) throw new Error('It was transformed');
  return done.problem;
};

type Exports = Record<string, unknown>;

/** Imports content as a runtime does, and evaluates it with these modules behind its imports. */
const evaluate = async (
  content: string,
  modules: Record<string, Exports> = {},
  meta = {},
): Promise<Exports> => {
  const native = (await import(`data:text/javascript,${encodeURIComponent(content)}`)) as {
    imports: Record<string, string>;
    default: (...surroundings: unknown[]) => Promise<void>;
  };
  const exports: Exports = {};
  const load = async (specifier: string): Promise<Exports> => modules[native.imports[specifier]!] ?? {};
  await native.default(exports, meta, load, load, (source: Exports) => Object.assign(exports, source));
  return exports;
};

/** Original line and column (from 1) of the place in the content where a text stands. */
const originOf = ({ content, map }: TransformedModule, text: string): [string | null, number, number] => {
  const before = content.slice(0, content.indexOf(text)).split('\n');
  const { source, line, column } = originalPositionFor(new TraceMap(map), {
    line: before.length,
    column: before.at(-1)!.length,
  });
  return [source, line ?? 0, (column ?? 0) + 1];
};

describe('content', () => {
  test('is an ES module without imports whose default export is the body, and names what the body imports', async () => {
    const { content, imports, dynamicImports } = good(`
      import { a } from './dep.ts'; import * as pkg from 'pkg'; import data from './data.json';
      const lazy = () => [import('./lazy.ts'), import('./dep.ts')];
      export const sum: number = a + data.n + pkg.n; export { lazy };`);
    expect(imports).toEqual({
      './data.json': '/m/data.json',
      './dep.ts': '/m/dep.ts',
      './lazy.ts': '/m/lazy.ts',
      pkg: 'pkg',
    });
    expect(dynamicImports).toEqual(['./lazy.ts']);
    expect(content).not.toMatch(/^import\s/mu);
    const exports = await evaluate(content, {
      '/m/dep.ts': { a: 1 },
      '/m/data.json': { default: { n: 20 } },
      pkg: { n: 300 },
    });
    expect(exports.sum).toBe(321);
  });

  test('keeps every form of export, live, hoisted and named by whatever string', async () => {
    const { content } = good(`/** doc */ export let n = 1;
      // why
      export function up() { n += 1; }
      export default class {}
      export { n as "odd \\" name", n as again }; export * from './all.ts'; export { inner as outer } from './dep.ts';`);
    const exports = await evaluate(content, { '/m/all.ts': { star: 7 }, '/m/dep.ts': { inner: 8 } });
    (exports.up as () => void)();
    expect(exports).toMatchObject({ n: 2, 'odd " name': 2, again: 2, star: 7, outer: 8 });
    expect(exports.default).toBeTypeOf('function');
  });

  test('says an export in one short line, however it is documented', () => {
    const many = Array.from(
      { length: 50 },
      (_, n) => `/** Number ${n}. */\nexport const c${n} = ${n};\n`,
    ).join('');
    const { content } = good(many);
    expect(content.match(/__cd_export__\("c\d+", \(\) => c\d+\);\n/gu)).toHaveLength(50);
    expect(content.length).toBeLessThan(many.length * 2);
  });

  test('provides import.meta', async () => {
    const { content } = good(`export const { url } = import.meta; import.meta.hot?.accept();`);
    const accepted: unknown[] = [];
    const meta = { url: 'https://x.test/x.ts', hot: { accept: () => accepted.push(true) } };
    expect(await evaluate(content, {}, meta)).toMatchObject({ url: 'https://x.test/x.ts' });
    expect(accepted).toEqual([true]);
  });

  test('awaits at the top level, and takes a hashbang', async () => {
    const { content } = good(`#!/usr/bin/env node\nexport const n: number = await Promise.resolve(5);`);
    expect(await evaluate(content)).toMatchObject({ n: 5 });
  });

  test('has neither types, nor imports that only types used, nor enums left', async () => {
    const { content, imports } = good(`import type { T } from './t.ts'; import { U } from './u.ts';
      export enum Size { Small = 1 } export const x = { a: 1 } satisfies U as T;`);
    expect(imports).toEqual({});
    expect(await evaluate(content)).toMatchObject({ x: { a: 1 }, Size: { Small: 1 } });
  });

  test('compiles JSX for the automatic runtime of the package that is set', () => {
    expect(good(`export const view = <p>hello</p>;`, 'x.tsx').imports).toEqual({
      'react/jsx-runtime': 'react/jsx-runtime',
    });
    for (const name of ['x.tsx', 'x.jsx', 'x.js']) {
      const { imports } = good(`export const view = <p>hello</p>;`, name, { jsxImportSource: 'preact' });
      expect(imports).toEqual({ 'preact/jsx-runtime': 'preact/jsx-runtime' });
    }
  });

  test('compiles the decorators of TypeScript where that is asked for', async () => {
    const text = `const mark = (t: any) => { t.marked = true; }; @mark export class A {}`;
    expect(good(text).content).toContain('@mark');
    expect(good(text, 'x.ts', { legacyDecorators: true }).content).not.toContain('@mark');
  });

  test('has another digest where only positions differ, so that a stack is never mapped with the wrong map', () => {
    const [one, two] = [good('export const a = 1;'), good('\n\nexport const a = 1;')];
    expect(one.digest).toMatch(/^sha256-[\w-]{43}$/u);
    expect(two.digest).not.toBe(one.digest);
    expect(good('export const a = 1;')).toEqual(one);
  });
});

describe('source map', () => {
  const text = [
    "import { a } from './dep.ts';",
    '',
    '/** What it is. */',
    'interface Shape { readonly side: number }',
    '/** What it does. */',
    'export const area = (shape: Shape): number => {',
    '  const side: number = shape.side;',
    '  return square(side) + a;',
    '};',
    'const square = (x: number): number => { throw new RangeError(`${x}`); };',
  ].join('\n');

  test('leads from the pushed content to the file as it was written', () => {
    const done = good(text);
    expect(originOf(done, 'side = shape')).toEqual(['/m/x.ts', 7, 9]);
    expect(originOf(done, 'square(side)')).toEqual(['/m/x.ts', 8, 10]);
    expect(originOf(done, 'RangeError')).toEqual(['/m/x.ts', 10, 51]);
  });

  test('leads there through JSX and a hashbang', () => {
    const done = good(
      `#!/usr/bin/env node\nexport const a = 1;\nexport const view =\n  <p>{a.toFixed()}</p>;\n`,
      'x.tsx',
    );
    expect(originOf(done, 'toFixed')).toEqual(['/m/x.tsx', 4, 9]);
  });

  test('leads there where a directive and comments stand before the exports', () => {
    const led = `/*! licence */\n'use strict';\n// why\nimport './x.ts';\n/** doc */\nexport const a = () => here();\n/** doc */\nexport const b = () => there();\n`;
    const done = good(led);
    expect(originOf(done, 'here()')).toEqual(['/m/x.ts', 6, 24]);
    expect(originOf(done, 'there()')).toEqual(['/m/x.ts', 8, 24]);
  });

  test('agrees with the stack that V8 gives', async () => {
    const done = good(text);
    const { area } = (await evaluate(done.content, { '/m/dep.ts': { a: 1 } })) as {
      area: (shape: object) => number;
    };
    const error = await Promise.resolve({ side: 2 })
      .then(area)
      .catch((caught: unknown) => caught as Error);
    const frames = [...(error as Error).stack!.matchAll(/data:.*?:(\d+):(\d+)\)?$/gmu)].map(
      ([, line, column]) =>
        originalPositionFor(new TraceMap(done.map), { line: Number(line), column: Number(column) - 1 }),
    );
    expect(frames.map(({ line }) => line)).toEqual([10, 8]);
  });

  test('counts columns in UTF-16 units, as engines do', () => {
    const line = `export const a = 'grüß dich 👋', b = () => here();`;
    expect(originOf(good(line), 'here()')).toEqual(['/m/x.ts', 1, line.indexOf('here()') + 1]);
  });

  test('holds no text of the sources', () => {
    expect(JSON.parse(good(text).map)).toEqual({
      version: 3,
      sources: ['/m/x.ts'],
      names: expect.any(Array),
      mappings: expect.any(String),
    });
  });
});

describe('faults', () => {
  test('a syntax error is named with file, line, column and the lines around', () => {
    const problem = fault(`const greeting = 'grüß dich 👋';\nconst x = {\n  a: 1,,\n};\n`);
    expect(problem).toMatchObject({ kind: 'invalid-patch', resource: '/m/x.ts', line: 3, column: 8 });
    expect(problem.detail).toContain('/m/x.ts:3:8: ');
    expect(problem.frame.split('\n').slice(2, 4)).toEqual(['> 3 |   a: 1,,', '    |        ^']);
  });

  test('an end that comes too early is named where the file ends', () => {
    expect(fault('export const a = {')).toMatchObject({ line: 1, column: 19 });
  });

  test('a name that is declared twice is one too', () => {
    expect(fault('const a = 1;\nconst a = 2;', 'x.js')).toMatchObject({
      kind: 'invalid-patch',
      line: 1,
      column: 7,
    });
  });

  test('an import that leads nowhere is named at its specifier', () => {
    const problem = fault(
      `// ./absent.ts\nimport { a } from './a.ts';\nimport {\n  b,\n} from './absent.ts';\nconsole.log(a, b);`,
    );
    expect(problem).toMatchObject({
      line: 5,
      column: 8,
      detail: '/m/x.ts:5:8: Cannot import "./absent.ts": there is no such file.',
    });
  });

  test('an import() and a re-export that lead nowhere are named too', () => {
    expect(fault(`const a = 1;\nconst b = await import('./absent.ts');\nexport { a, b };`)).toMatchObject({
      line: 2,
      column: 24,
    });
    expect(fault(`\nexport * from './absent.ts';`)).toMatchObject({ line: 2, column: 15 });
  });
});
