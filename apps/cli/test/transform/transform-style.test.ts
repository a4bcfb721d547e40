import { describe, expect, test } from 'vitest';

import type { PatchProblem } from '../../src/transform/patch-problem.ts';
import { transformStyle } from '../../src/transform/transform-style.ts';

type Sheets = Record<string, string>;

const run = (text: string, others: Sheets = {}, publicPath = '/'): ReturnType<typeof transformStyle> =>
  transformStyle({
    resource: '/m/src/app.css',
    text,
    module: 'm',
    publicPath,
    read: (resource) => others[resource.slice('/m/'.length)],
  });
const content = (text: string, others?: Sheets, publicPath?: string): string => {
  const done = run(text, others, publicPath);
  if (!done.ok) throw new Error(done.problem.detail);
  return done.value.content;
};
const fault = (text: string, others?: Sheets): PatchProblem => {
  const done = run(text, others);
  if (done.ok) throw new Error('It was transformed');
  return done.problem;
};
const flat = (text: string): string => text.replace(/\s+/gu, ' ').trim();

describe('addresses', () => {
  test.each([
    ['url(logo.png)', 'url("/src/logo.png")'],
    ["url('./img/logo.png')", 'url("/src/img/logo.png")'],
    ['url( "../logo.png" )', 'url( "/logo.png" )'],
    ['URL(logo.png)', 'url("/src/logo.png")'],
    ['url(font.eot?#iefix)', 'url("/src/font.eot?#iefix")'],
    ['url(/img/x.png)', 'url("/img/x.png")'],
    [String.raw`url("a \"b\".png")`, String.raw`url("/src/a \22 b\22 .png")`],
    ['image-set("a.png" 1x, url(b.png) 2x)', 'image-set("/src/a.png" 1x, url("/src/b.png") 2x)'],
    ['url(data:image/png;base64,AA==)', 'url(data:image/png;base64,AA==)'],
    ['url(https://cdn.test/x.png)', 'url(https://cdn.test/x.png)'],
    ['url(//cdn.test/x.png)', 'url(//cdn.test/x.png)'],
    ['url(#gradient)', 'url(#gradient)'],
    ['"no-address.png"', '"no-address.png"'],
  ])('%s becomes %s', (written, expected) => {
    expect(content(`a { x: ${written} }`)).toBe(`a { x: ${expected} }`);
  });

  test('stand below the path at which the project is served', () => {
    expect(content('a { b: url(x.png) }', {}, '/shop/')).toBe('a { b: url("/shop/src/x.png") }');
  });

  test('that lead out of the project are refused where they stand', () => {
    expect(fault('a {\n  b: url(../../x.png);\n}')).toMatchObject({
      kind: 'invalid-patch',
      line: 2,
      column: 6,
    });
  });

  test('are rewritten in custom properties too, and nothing else is', () => {
    const written = `/* url(kept) */ @layer base { :root { --bg: url(bg.png); --odd: {a:b} } }\n@new-rule x { &:is(.b) { width: calc(1px + 2%) !important } }`;
    expect(content(written)).toBe(written.replace('url(bg.png)', 'url("/src/bg.png")'));
  });
});

describe('imports', () => {
  test('are put in their place, with addresses relative to their own file, whatever form they have', () => {
    const sheets = { 'base/reset.css': 'a { b: url(x.png) }', 'src/part.css': 'p {}', 'top.css': 't {}' };
    const text = `/* first */@import "../base/reset.css";@import url(./part.css);\n@import url("/top.css") ;\nb {}`;
    expect(flat(content(text, sheets))).toBe('/* first */a { b: url("/base/x.png") }p {} t {} b {}');
  });

  test('name all style sheets whose text is held, at whatever remove', () => {
    const done = run('@import "a.css";', { 'src/a.css': '@import "b.css"; a {}', 'src/b.css': 'b {}' });
    expect(done).toMatchObject({ ok: true, value: { imported: ['/m/src/a.css', '/m/src/b.css'] } });
  });

  test.each([
    ['print and (min-width: 1px), screen', '@media print and (min-width: 1px), screen { a {} }'],
    ['layer', '@layer { a {} }'],
    ['layer(one.two)', '@layer one.two { a {} }'],
    ['supports(display: grid)', '@supports (display: grid) { a {} }'],
    ['supports(not (display: grid))', '@supports (not (display: grid)) { a {} }'],
    [
      'layer(x) supports(display: grid) print',
      '@supports (display: grid) { @media print { @layer x { a {} } } }',
    ],
  ])('under the condition %s stand in the block of the same meaning', (condition, expected) => {
    expect(flat(content(`@import "a.css" ${condition};`, { 'src/a.css': 'a {}' }))).toBe(expected);
  });

  test('need no space after the address', () => {
    expect(flat(content('@import "a.css"layer(x);', { 'src/a.css': 'a {}' }))).toBe('@layer x { a {} }');
  });

  test('from elsewhere stay, before everything, with their conditions', () => {
    const sheets = { 'src/a.css': '@import "https://cdn.test/b.css"; a {}' };
    const text = `@charset "utf-8"; @import "a.css"; @import url(//cdn.test/c.css) layer(x) print; b {}`;
    expect(flat(content(text, sheets))).toBe(
      '@import url("https://cdn.test/b.css"); @import url("//cdn.test/c.css") layer(x) print; a {} b {}',
    );
  });

  test('from elsewhere below a condition are refused, at whatever remove', () => {
    const sheets = { 'src/a.css': '\n@import "https://cdn.test/b.css";' };
    expect(fault('@import "b.css" print;', { ...sheets, 'src/b.css': '@import "a.css";' }).resource).toBe(
      '/m/src/a.css',
    );
    expect(fault('@import "a.css" print;', sheets)).toMatchObject({
      resource: '/m/src/a.css',
      line: 2,
      column: 1,
    });
  });

  test('after an order of layers still count, after a rule they do not', () => {
    expect(flat(content('@layer x, y; @import "a.css" layer(y);', { 'src/a.css': 'a {}' }))).toBe(
      '@layer x, y; @layer y { a {} }',
    );
    expect(content('b {} @import "a.css";', {})).toBe('b {} @import "a.css";');
  });

  test('in a circle end', () => {
    const sheets = {
      'src/a.css': '@import "b.css"; a {}',
      'src/b.css': '@import "a.css"; @import "app.css"; b {}',
    };
    expect(flat(content('@import "a.css"; c {}', sheets))).toBe('b {} a {} c {}');
  });

  test('of a file that is not there are refused where they stand', () => {
    expect(fault('@layer a;\n@import "absent.css";')).toMatchObject({
      resource: '/m/src/app.css',
      line: 2,
      column: 1,
      detail: '/m/src/app.css:2:1: Cannot import "absent.css": there is no such style sheet.',
    });
    expect(fault('@import "../../x.css";')).toMatchObject({ line: 1, column: 1 });
    expect(fault('@import layer;')).toMatchObject({ line: 1 });
  });
});

describe('faults', () => {
  test.each([
    ['a { content: "x\n }', 1, 14],
    ['a {\n /* never closed', 2, 2],
    ['a {\n  b { c: d }\n', 1, 3],
    ['a {}\n}', 2, 1],
    ['a { width: calc(1px; }\nb {}', 1, 22],
  ])('what browsers would repair is refused: %j', (text, line, column) => {
    expect(fault(text)).toMatchObject({ kind: 'invalid-patch', line, column });
  });
});
