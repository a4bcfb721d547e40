import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { languageOf, syntax } from '../src/index.ts';

const accepted = {
  js: [
    '',
    "import a from 'a';\nexport const b = a ?? 1;\n",
    "with (a) b('\\033');",
    'const a = <b>{c}</b>;',
    '#!/usr/bin/env node\nvar a, a;',
    'export default class { static {} }',
  ],
  jsx: ['const a = <b c={d} />;'],
  ts: ['const a = <b>c;', 'export type A<B> = { readonly [C in keyof B]?: B[C] };', '@d() class A { a!: B }'],
  tsx: ['const a = <b<c> d={e as f} />;'],
  json: ['{}', '[{"a": 1}, {"a": 2}]', '{"a": {"a": {"b": null}}, "b": "a"}', 'null'],
  css: [
    '',
    'a { b: c; --d: {e} } @media (width > 3px) { a { &:hover { b: "}" } } }',
    '/* } */',
    '@import "a";',
  ],
  html: [
    '',
    'text &amp; more',
    '<!doctype html><html lang="en"><head><title>a</title></head><body><p>a<p>b</body></html>',
    '<ul><li>a<li>b</ul><br><img src="a"><svg><path d="a"/></svg>',
    '<a *ngIf="b" [c]="d" (e)="f($event)">{{ g }}</a>',
    '<table><tr><td>a</table>',
    '<script type="module">import "a";</script><style>a { b: c }</style>',
    '<script type="text/template">{{ </script><template><td>a</td></template>',
  ],
} as const;

const refused = {
  js: [
    'const a = ;',
    'const a = 1;\nconst a = 2;',
    "import { a } from 'a';\nimport { a } from 'b';",
    '<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n',
    'function f() {',
    'const a: string = b;',
    'class A { constructor() {} constructor() {} }',
  ],
  jsx: ['const a = <b></c>;'],
  ts: ['const a = <b></b>;', 'interface A { b: c', 'type A = 1; type A = 2;', 'let a: b;\nlet a: c;'],
  tsx: ['const a = <b>;'],
  json: ['', '{"a": 1,}', '{"a": 1, "b": 2, "a": 3}', '[1 2]', '// a\n{}', "{'a': 1}"],
  css: ['a { b: c', 'a { b: c } }', 'a { b: "c\n }', '/* a', 'a { b c }', 'a { b: c\n d: e }'],
  html: [
    '<div>',
    '</div>',
    '<div></span></div>',
    '<b><i></b></i>',
    '<a b="1" b="2"></a>',
    '<a b="c>',
    '<script>const a = ;</script>',
    '<style>a {</style>',
    '<script type="importmap">{,}</script>',
    '<div><span></div>',
    '<template><div></template>',
    '<svg><g></svg>',
  ],
} as const;

describe.each(Object.keys(accepted) as (keyof typeof accepted)[])('%s', (language) => {
  it.each(accepted[language])('accepts %j', (text) => {
    expect(syntax.accepts(language, text)).toBe(true);
  });

  it.each(refused[language])('refuses %j', (text) => {
    expect(syntax.accepts(language, text)).toBe(false);
  });
});

it.each([
  ['js', '[', ']'],
  ['js', 'a(', ')'],
  ['js', '{', '}'],
  ['js', 'a => ', ''],
  ['js', 'a ? b : ', ''],
  ['js', '!', ''],
  ['js', 'if (a) ', ''],
  ['js', 'if (a) {} else ', ''],
  ['js', 'a + ', ''],
  ['js', 'a.', ''],
  ['js', '`${', '}`'],
  ['js', '[/]/, ', ']'],
  ['js', "[']', ", ']'],
  ['jsx', '<a>', '</a>'],
  ['ts', 'type A = ', ''],
  ['ts', 'let a: A<', '>'],
  ['json', '[', ']'],
  ['json', '{"a":', '}'],
] as const)(
  '%s: 100,000 times %j nest too deep for a parser, and it is not asked',
  (language, open, close) => {
    const text = `${open.repeat(100_000)}1${close.repeat(100_000)}`;
    expect(syntax.accepts(language, text)).toBe(false);
  },
);

it('a long file that nests as people write it is looked at', () => {
  const members = Array.from(
    { length: 2000 },
    (_, index) => `  m${index}() { return [a(b => ({ c: \`\${d}\`, e: /[)]/ })), f ? g : h]; }\n`,
  );
  expect(syntax.accepts('js', `class A {\n${members.join('')}}\n`)).toBe(true);
});

it('no text makes a parser throw', () => {
  for (const text of ['\ud800', '\0', '\ufeff', '{'.repeat(1000), '<a '.repeat(1000), '"'.repeat(999)]) {
    for (const language of Object.keys(accepted) as (keyof typeof accepted)[]) {
      expect(typeof syntax.accepts(language, text)).toBe('boolean');
    }
  }
});

it('its id names the parsers and versions that are installed', () => {
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const parsers = Object.entries(dependencies).filter(([name]) => !name.startsWith('@cd-push/'));
  expect(syntax.id.split(' ').toSorted()).toEqual(
    parsers.map(([name, version]) => `${name}@${version}`).toSorted(),
  );
});

it.each([
  ['src/a.b.mts', 'ts'],
  ['A.JS', 'js'],
  ['a.component.html', 'html'],
  ['.json/README', undefined],
  ['a.json5', undefined],
  ['Makefile', undefined],
])('%s is %s', (path, language) => {
  expect(languageOf(path)).toBe(language);
});
