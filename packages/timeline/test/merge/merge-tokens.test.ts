import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { mergeText, type TextMerge, type TextMergeOptions } from '../../src/merge/merge-text.ts';
import type { Language, SyntaxCheck } from '../../src/merge/syntax.ts';
import { isWord, tokensOf, wordsOf } from '../../src/merge/tokens.ts';
import { seeded } from './support.ts';

const checking = (id: string, accepts: (text: string) => boolean): SyntaxCheck => ({
  id,
  languageOf: () => 'js',
  accepts: (_, text) => accepts(text),
});

/** Brackets that are closed in their order; enough to tell a text that was torn from one that was not. */
const brackets = checking('brackets', (text) => {
  const open: string[] = [];
  const pairs = new Map([
    [')', '('],
    [']', '['],
    ['}', '{'],
  ]);
  for (const sign of text.replaceAll(/[^()[\]{}]/g, '')) {
    const opener = pairs.get(sign);
    if (opener === undefined) open.push(sign);
    else if (open.pop() !== opener) return false;
  }
  return open.length === 0;
});

const merged = (language: Language, base: string, ours: string, theirs: string): TextMerge => {
  const options: TextMergeOptions = { language, syntax: brackets };
  const merge = mergeText(base, ours, theirs, options);
  const swapped = mergeText(base, theirs, ours, options);
  expect(swapped.kind).toBe(merge.kind);
  if (merge.kind === 'clean') expect(swapped).toEqual(merge);
  return merge;
};

const expectText = (merge: TextMerge, text: string) =>
  expect(merge).toEqual({ kind: 'clean', text, by: 'tokens' });
const expectConflict = (merge: TextMerge) => expect(merge.kind).toBe('conflict');

describe('tokens', () => {
  it('put together again they are the text, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const tokens = tokensOf(text);
        expect(tokens.between({ start: 0, end: tokens.length })).toBe(text);
      }),
      seeded,
    );
  });

  it('a word, a string, a version and half a surrogate pair are one each', () => {
    const tokens = tokensOf('größe="a\\"b" 1.2.0-rc.1\r\n\ud800😀');
    expect(Array.from({ length: tokens.length }, (_, index) => tokens.part(index))).toEqual([
      'größe',
      '=',
      '"a\\"b"',
      ' ',
      '1.2.0-rc.1',
      '\r\n',
      '\ud800',
      '😀',
    ]);
  });

  it('a word is the same with every version of Unicode, what is yet to become a letter included', () => {
    const parts = (text: string) => {
      const tokens = tokensOf(text);
      return Array.from({ length: tokens.length }, (_, index) => tokens.part(index));
    };
    // The second is of no script by now, the third became a letter with Unicode 16, the last has a mark of its own.
    const words = ['größe', 'a\u0378b', '\u1c89\u1c8a', '変数', 'имя_1', 'ａ１', '𠮷', 'é', 'e\u0301'];
    expect(words.map(parts)).toEqual(words.map((word) => [word]));
    expect(words.filter((word) => !isWord(word))).toEqual([]);
    const signs = ['—', '“', '→', '…', '\u2009', '×', '。', '（', '🙂', '¿', '\ufeff'];
    expect(signs.map((sign) => parts(`a${sign}b`))).toEqual(signs.map((sign) => ['a', sign, 'b']));
    expect(signs.filter(isWord)).toEqual([]);
  });
});

describe('edits of different tokens', () => {
  it('in one line are both kept', () => {
    expectText(
      merged('js', 'a = dump(one, {});\n', 'a = dump(two, {});\n', 'a = write(one, {});\n'),
      'a = write(two, {});\n',
    );
  });

  it('in lines beside each other are both kept', () => {
    expectText(merged('js', 'a(1);\nb(1);\n', 'a(2);\nb(1);\n', 'a(1);\nb(2);\n'), 'a(2);\nb(2);\n');
  });

  it('of which one only broke a word in two are a conflict', () => {
    expectConflict(merged('js', 'ab;\n', 'a b;\n', 'c;\n'));
  });

  it('of which one is put in at the edge of the other are a conflict: nothing says which comes first', () => {
    expectConflict(merged('js', 'a(b);\n', 'a(c);\n', 'a(b, d);\n'));
  });

  it('of which one is inside of what the other rewrote are a conflict, whatever sign was left by chance', () => {
    expectConflict(merged('js', 'foo + bar;\n', 'baz + qux;\n', 'foo - bar;\n'));
  });

  it('that put the same word into one line at different places are a conflict: it may be meant once', () => {
    expectConflict(merged('js', 'a(b, c);\n', 'a(b, x, c);\n', 'a(x, b, c);\n'));
    expectText(
      merged('js', 'a(b);\na(c);\n', 'a(x, b);\na(c);\n', 'a(b);\na(x, c);\n'),
      'a(x, b);\na(x, c);\n',
    );
  });

  it('by which both put in the same word, new to the whole text, are a conflict where it would be there twice', () => {
    const base = 'f({\n  a: [b],\n});\n';
    const ours = 'f({\n  a: [b],\n  item: [1],\n});\n';
    const theirs = 'f({\n  a: [b, c],\n  item: [1],\n});\n';
    expectConflict(merged('js', base, ours.replace('  a', '  first: 1,\n  a'), theirs));
    expectConflict(merged('js', base, ours, 'f({\n  a: [b],\n  other: [item],\n});\n'));
    const known = (text: string) => `item();\n${text}`;
    expectText(
      merged('js', known(base), known(ours), known('f({\n  a: [b],\n  other: [item],\n});\n')),
      known('f({\n  a: [b],\n  item: [1],\n  other: [item],\n});\n'),
    );
  });

  it('of which one moves a word that the other takes away are a conflict', () => {
    expectConflict(merged('js', 'a: [b, c],\n', 'b: [c],\n', 'a: [c],\n'));
  });

  it('of which one moves lines away that the other changes where they were are a conflict', () => {
    const text = (first: string, last: string) => `a() {\n${first}  x();\n}\nb() {\n${last}  y();\n}\n`;
    const block = '  if (name.startsWith("/")) {\n    return name;\n  }\n';
    const [base, ours] = [text(`  z(1);\n${block}`, ''), text('', block)];
    expectConflict(merged('js', base, ours, text('  z(1);\n', '')));
    // Where they are nowhere, both have removed them.
    expectText(merged('js', base, text('', ''), text('  z(1);\n', '')), text('', ''));
  });

  it('that would make one word of two are a conflict', () => {
    expectConflict(merged('js', 'a"s" ;\n', 'a ;\n', 'a"s"b;\n'));
  });

  it('of which one is inside of what the other removed are a conflict', () => {
    expectConflict(merged('js', 'a(b, c);\n', 'a();\n', 'a(b, d);\n'));
  });

  it('of the same token are a conflict', () => {
    expectConflict(merged('js', 'a(b);\n', 'a(c);\n', 'a(d);\n'));
  });

  it('inside of one string are a conflict: a sentence is not put together of two', () => {
    expectConflict(merged('js', 'a("b c d");\n', 'a("B c d");\n', 'a("b c D");\n'));
  });
});

describe('who judges', () => {
  const [base, ours, theirs] = ['a(1, 2);\n', 'a(3, 2);\n', 'a(1, 4);\n'];

  it('without a parser, or for a text of no known language, only whole lines are merged', () => {
    expectConflict(mergeText(base, ours, theirs));
    expectConflict(mergeText(base, ours, theirs, { language: 'js' }));
    expectConflict(mergeText(base, ours, theirs, { syntax: brackets }));
    expectText(mergeText(base, ours, theirs, { language: 'js', syntax: brackets }), 'a(3, 4);\n');
  });

  it('a result that the parser refuses is thrown away, and the conflict stays by its lines', () => {
    const refusing = checking('refusing', () => false);
    expect(mergeText(base, ours, theirs, { language: 'js', syntax: refusing })).toEqual(
      mergeText(base, ours, theirs),
    );
  });

  it('what lines alone can merge is not shown to a parser', () => {
    const asked: string[] = [];
    const asking = checking('asking', (text) => asked.push(text) > 0);
    const merge = mergeText('a(\nb\nc\n', 'A(\nb\nc\n', 'a(\nb\nC\n', { language: 'js', syntax: asking });
    expect(merge).toEqual({ kind: 'clean', text: 'A(\nb\nC\n', by: 'lines' });
    expect(asked).toEqual([]);
  });

  it('the parser is asked about the whole text once, and never where a hunk stays a conflict', () => {
    const asked: string[] = [];
    const asking = checking('asking', (text) => asked.push(text) > 0);
    const options = { language: 'js', syntax: asking } as const;
    mergeText(`x\n${base}`, `x\n${ours}`, `x\n${theirs}`, options);
    mergeText(`${base}x\n${base}y\nz\n`, `${ours}x\nb\ny\nz\n`, `${theirs}x\nc\ny\nz\n`, options);
    expect(asked).toEqual(['x\na(3, 4);\n']);
  });
});

describe('lines put beside what the other changed', () => {
  it('a line beside a line that only the other changed is a conflict: it may have been meant for both', () => {
    expectConflict(merged('js', 'a(1);\nb(1);\n', 'a(2);\nb(1);\n', 'a(1);\nnew_(1);\nb(1);\n'));
  });

  it('so is a line in a block that only the other moved in or out', () => {
    expectConflict(
      merged('js', '  a(b, c);\n  d();\n', '    a(b, c);\n    d();\n', '  a(b,\n  x, c);\n  d();\n'),
    );
  });

  it('a line beside one that both changed alike is kept', () => {
    expectText(
      merged('js', 'a(1);\nb(1);\n', 'a(2);\nb(1);\n', '// new\na(2);\nb(3);\n'),
      '// new\na(2);\nb(3);\n',
    );
  });
});

describe('where the sides collide', () => {
  const f = (text: string) => `f("${'-'.repeat(300)} ${text}");\n`;
  it('what one side only spaced in another way is what the other says', () => {
    expectText(
      merged(
        'js',
        'import { a, b, c } from "d";\n',
        'import { a, c } from "d";\n',
        'import {\n  a,\n  b,\n  c,\n} from "d";\n',
      ),
      'import {\n  a,\n  c,\n} from "d";\n',
    );
  });

  it.each([
    ['a template', 'f(`${one}and ${two}`);\n', 'f(`${one} and ${two}`);\n', 'f(`"${one}"and ${two}`);\n'],
    ['a template of some lines', 'f(`\na:b\n`);\n', 'f(`\na: b\n`);\n', 'f(`\na:c\n`);\n'],
    ['a long string', f('a:b'), f('a: b'), f('a:c')],
  ])('spaces of %s are a part of what it says', (_, base, ours, theirs) => {
    expectConflict(merged('js', base, ours, theirs));
  });

  it('behind a template and behind strings spaces are spaces again', () => {
    const said = (text: string) => `g(\`a\\\`\n\`);\ng("a", 'b', ${text});\n`;
    expectText(merged('js', said('a.b'), said('a. b'), said('a.c')), said('a.c'));
  });

  it.each<[Language, string, string, string]>([
    ['html', '<p>a<i>b</i></p>\n', '<p>a <i>b</i></p>\n', '<p>c<i>b</i></p>\n'],
    ['css', 'a:hover{b:c}\n', 'a :hover{b:c}\n', 'x:hover{b:c}\n'],
  ])(
    'in %s it is a change to put spaces where there are none, and none to put more',
    (language, base, ours, theirs) => {
      expectConflict(merged(language, base, ours, theirs));
      expectText(merged(language, 'x: a b;\n', 'x: a  b;\n', 'x: c;\n'), 'x: c;\n');
    },
  );

  it('what both only removed is what neither removed', () => {
    expectText(merged('js', 'a;\nb;\nc;\nd;\n', 'a;\nd;\n', 'a;\nc;\nd;\n'), 'a;\nd;\n');
  });

  it('what both only removed from a list is a conflict where each may have taken another comma', () => {
    expectConflict(merged('js', 'a(b, c, d, e);\n', 'a(b, e);\n', 'a(b, c);\n'));
  });

  it('lines that both put there, and further ones of one side, are there once', () => {
    expectText(merged('js', 'x;\n', 'a();\nx;\n', 'a();\nb();\nx;\n'), 'a();\nb();\nx;\n');
  });

  it('lines without a word are the same by chance: whether they are there once or twice, nobody knows', () => {
    expectConflict(merged('js', '/*\n * x\n */\n', '/*\n *\n * x\n */\n', '/*\n * a\n *\n * x\n */\n'));
  });

  it('lines that both put in place of one, and which one side has kept besides, are a conflict', () => {
    expectConflict(merged('js', 'x;\nb(1);\ny;\n', 'x;\na();\ny;\n', 'x;\na();\nb(2);\ny;\n'));
  });

  it('the same lines spaced in two ways are a conflict: neither is more', () => {
    expectConflict(merged('js', 'x;\n', 'a( );\nx;\n', 'a();\nx;\n'));
  });

  it('lines that one side removed and the other wrote anew, with other words, are what was written', () => {
    expectText(
      merged('js', 'x;\nlegacy(mode, false);\ny;\n', 'x;\ny;\n', 'x;\n// legacy is gone\nmodern();\ny;\n'),
      'x;\n// legacy is gone\nmodern();\ny;\n',
    );
  });

  it.each([
    ['edited', 'x;\nlegacy(mode, true);\ny;\n'],
    ['wrote anew with one of their words', 'x;\nmodern(mode);\ny;\n'],
  ])('lines that one side removed and the other %s are a conflict', (_, theirs) => {
    expectConflict(merged('js', 'x;\nlegacy(mode, false);\ny;\n', 'x;\ny;\n', theirs));
  });

  describe('a version that both raised', () => {
    const json = (version: string) => `{\n  "version": ${version}\n}\n`;

    it.each([
      ['"1.2.3"', '"1.10.0"', '"1.9.9"', '"1.10.0"'],
      ['"9.25.1"', '"10.0.0-alpha.25"', '"9.25.2"', '"10.0.0-alpha.25"'],
      ['"3.17.0"', '"3.17.1-pre"', '"3.17.1"', '"3.17.1"'],
      ['"^9.5.0"', '"^9.7.0"', '"^9.6.0"', '"^9.7.0"'],
    ])('%s, %s, %s: %s', (base, ours, theirs, higher) => {
      expectText(merged('json', json(base), json(ours), json(theirs)), json(higher));
    });

    it.each([
      ['one lowered it', '"1.2.3"', '"1.2.2"', '"1.2.4"'],
      ['one changed its range', '"^1.2.3"', '"~1.3.0"', '"^1.4.0"'],
      ['it is none', '"1.2"', '"1.3"', '"1.4"'],
      ['they are builds of one', '"1.2.3"', '"1.3.0+a"', '"1.3.0+b"'],
    ])('is a conflict where %s', (_, base, ours, theirs) => {
      expectConflict(merged('json', json(base), json(ours), json(theirs)));
    });
  });
});

describe('items that both put into one list at the same place are united in the order of their texts', () => {
  it.each<[string, Language, string, string, string, string]>([
    [
      'imports',
      'js',
      'x();\n',
      "import b from 'b';\nx();\n",
      "import a from 'a';\nx();\n",
      "import a from 'a';\nimport b from 'b';\nx();\n",
    ],
    [
      'requires',
      'js',
      'x();\n',
      "const b = require('b');\nx();\n",
      "const { a } = require('a');\nx();\n",
      "const b = require('b');\nconst { a } = require('a');\nx();\n",
    ],
    [
      'imported names',
      'ts',
      "import { x } from 'x';\n",
      "import { x, b } from 'x';\n",
      "import { x, a } from 'x';\n",
      "import { x, a, b } from 'x';\n",
    ],
    [
      'properties',
      'js',
      'f({\n  x: 1,\n});\n',
      'f({\n  x: 1,\n  b: 2,\n});\n',
      'f({\n  x: 1,\n  a: 2,\n});\n',
      'f({\n  x: 1,\n  a: 2,\n  b: 2,\n});\n',
    ],
    [
      'last properties',
      'json',
      '{\n  "x": 1\n}\n',
      '{\n  "x": 1,\n  "b": 2\n}\n',
      '{\n  "x": 1,\n  "a": 2\n}\n',
      '{\n  "x": 1,\n  "a": 2,\n  "b": 2\n}\n',
    ],
    [
      'strings of an array',
      'js',
      "a = ['x'];\n",
      "a = ['x', 'c'];\n",
      "a = ['x', 'b'];\n",
      "a = ['x', 'b', 'c'];\n",
    ],
    [
      'alternatives',
      'js',
      'if (x) {\n} else {\n}\n',
      'if (x) {\n} else if (b) {\n} else {\n}\n',
      'if (x) {\n} else if (a) {\n} else {\n}\n',
      'if (x) {\n} else if (a) {\n} else if (b) {\n} else {\n}\n',
    ],
    [
      'methods',
      'ts',
      'class A {\n}\n',
      'class A {\n  b() {\n    x();\n  }\n}\n',
      'class A {\n  async a(): T {\n    x();\n  }\n}\n',
      'class A {\n  async a(): T {\n    x();\n  }\n  b() {\n    x();\n  }\n}\n',
    ],
    [
      'functions',
      'js',
      '\nx();\n',
      'function b() {\n  x();\n}\n\nx();\n',
      'function a() {\n  x();\n}\n\nx();\n',
      'function a() {\n  x();\n}\nfunction b() {\n  x();\n}\n\nx();\n',
    ],
    [
      'tests',
      'ts',
      'x();\n',
      "it('b', () => {\n  f();\n});\nx();\n",
      "it('a', () => {\n  f();\n});\nx();\n",
      "it('a', () => {\n  f();\n});\nit('b', () => {\n  f();\n});\nx();\n",
    ],
    [
      'typed members',
      'ts',
      'interface A {\n}\n',
      'interface A {\n  b: B;\n}\n',
      'interface A {\n  readonly a?: { x: A };\n}\n',
      'interface A {\n  b: B;\n  readonly a?: { x: A };\n}\n',
    ],
    [
      'members of a union',
      'ts',
      'type A =\n  | X;\n',
      'type A =\n  | B\n  | X;\n',
      'type A =\n  | A\n  | X;\n',
      'type A =\n  | A\n  | B\n  | X;\n',
    ],
    [
      'declarations',
      'css',
      'a {\n}\n',
      'a {\n  b: c;\n}\n',
      'a {\n  a: c;\n}\n',
      'a {\n  a: c;\n  b: c;\n}\n',
    ],
  ])('%s', (_, language, base, ours, theirs, text) => {
    expectText(merged(language, base, ours, theirs), text);
  });

  it.each<[string, Language, string, string, string]>([
    ['statements, which run in an order', 'js', 'x();\n', 'b();\nx();\n', 'a();\nx();\n'],
    ['statements in blocks', 'js', 'x();\n', 'if (b) {\n  c();\n}\nx();\n', 'if (a) {\n  c();\n}\nx();\n'],
    ['arguments', 'js', 'f(x);\n', 'f(x, b);\n', 'f(x, a);\n'],
    ['arguments in lines', 'js', 'f(\n  x,\n);\n', "f(\n  x,\n  'b',\n);\n", "f(\n  x,\n  'a',\n);\n"],
    ['numbers of an array', 'js', 'a = [1];\n', 'a = [1, 2];\n', 'a = [1, 3];\n'],
    ['properties of one name', 'js', 'f({\n});\n', 'f({\n  a: 1,\n});\n', 'f({\n  a: 2,\n});\n'],
    [
      'methods of one name',
      'ts',
      'class A {\n}\n',
      'class A {\n  a() {\n  }\n}\n',
      'class A {\n  a(b) {\n  }\n}\n',
    ],
    [
      'members of a name in JSON',
      'json',
      '{\n  "x": 1\n}\n',
      '{\n  "x": 1,\n  "a": 2\n}\n',
      '{\n  "x": 1,\n  "a": 3\n}\n',
    ],
    ['items of two kinds', 'ts', 'x();\n', "import a from 'a';\nx();\n", 'function b() {\n}\nx();\n'],
    [
      'style rules, of which the later one wins',
      'css',
      'x {\n}\n',
      'b {\n  c: d;\n}\nx {\n}\n',
      'a {\n  c: d;\n}\nx {\n}\n',
    ],
    [
      'declarations of which one sets the other as well',
      'css',
      'a {\n}\n',
      'a {\n  margin-left: 1px;\n}\n',
      'a {\n  margin: 0;\n}\n',
    ],
    [
      'items that the other side has elsewhere, which would stand there twice',
      'js',
      'f({\n  x: 1,\n});\n',
      'f({\n  a: 1,\n  x: 1,\n  b: 1,\n});\n',
      'f({\n  b: 1,\n  x: 1,\n});\n',
    ],
    ['half an item', 'js', 'f({\n});\n', 'f({\n  a: {\n});\n', 'f({\n  b: 1,\n});\n'],
  ])('but not %s', (_, language, base, ours, theirs) => {
    expectConflict(merged(language, base, ours, theirs));
  });
});

/** Texts of few words, so that both sides often change the same lines. */
const word = fc.constantFrom('a', 'b', 'c', 'one', 'two', '"s"', '1.2.0');
const sign = fc.constantFrom(' ', '(', ')', ', ', ';\n', '\n', '{\n', '}\n', ': ', ' = ');
const code: fc.Arbitrary<readonly string[]> = fc.array(fc.oneof(word, sign), { maxLength: 30 });
const codeEdit = fc.record({
  at: fc.nat(30),
  remove: fc.nat(3),
  insert: fc.array(fc.oneof(fc.constantFrom('new1', 'new2', 'x', 'y'), sign), { maxLength: 4 }),
});
const codeSides = fc
  .tuple(
    code,
    fc.array(codeEdit, { minLength: 1, maxLength: 3 }),
    fc.array(codeEdit, { minLength: 1, maxLength: 3 }),
  )
  .map(([base, one, other]) => {
    const side = (edits: typeof one): string => {
      const parts: string[] = [...base];
      for (const { at, remove, insert } of edits) parts.splice(at % (parts.length + 1), remove, ...insert);
      return parts.join('');
    };
    return { base: base.join(''), ours: side(one), theirs: side(other) };
  });
const anyLanguage = fc.constantFrom<Language>('js', 'ts', 'json', 'css', 'html');
const accepting = checking('accepting', () => true);

describe('whatever the texts are', () => {
  it('swapping the sides changes nothing', () => {
    fc.assert(
      fc.property(codeSides, anyLanguage, ({ base, ours, theirs }, language) => {
        const options = { language, syntax: accepting };
        const merge = mergeText(base, ours, theirs, options);
        const swapped = mergeText(base, theirs, ours, options);
        expect(swapped.kind).toBe(merge.kind);
        if (merge.kind === 'clean') expect(swapped).toEqual(merge);
      }),
      { ...seeded, numRuns: 5000 },
    );
  });

  it('no word that a side wrote is missing, and none that a side removed is back', () => {
    const count = (text: string): ReadonlyMap<string, number> => {
      const counts = new Map<string, number>();
      for (const each of wordsOf(text)) counts.set(each, (counts.get(each) ?? 0) + 1);
      return counts;
    };
    fc.assert(
      fc.property(codeSides, anyLanguage, ({ base, ours, theirs }, language) => {
        const merge = mergeText(base, ours, theirs, { language, syntax: accepting });
        if (merge.kind === 'conflict') return;
        const [was, one, other, is] = [count(base), count(ours), count(theirs), count(merge.text)];
        for (const each of new Set([...was.keys(), ...one.keys(), ...other.keys()])) {
          const [before, mine, yours] = [was.get(each) ?? 0, one.get(each) ?? 0, other.get(each) ?? 0];
          const [gone, gone2] = [Math.max(0, before - mine), Math.max(0, before - yours)];
          const [added, added2] = [Math.max(0, mine - before), Math.max(0, yours - before)];
          const times = is.get(each) ?? 0;
          // Both may have removed, or added, the same.
          expect(times).toBeGreaterThanOrEqual(before + Math.max(added, added2) - gone - gone2);
          expect(times).toBeLessThanOrEqual(before + added + added2 - Math.max(gone, gone2));
        }
      }),
      { ...seeded, numRuns: 5000 },
    );
  });
});

describe('ends of lines', () => {
  const [base, ours, theirs] = ['a(1);\nb(2);\n', 'a(1);\r\nb(2);\r\n', 'a(1);\nc(3);\nb(2);\n'];

  it('that one side changed everywhere are not mixed with those of lines that the other put in', () => {
    expectConflict(merged('js', base, ours, theirs));
  });

  it('that were mixed before are nobody’s matter', () => {
    const text = (side: string) => `// mixed\r\n//\n${side}`;
    expectText(merged('js', text('a(1, 2);\n'), text('a(3, 2);\n'), text('a(1, 4);\n')), text('a(3, 4);\n'));
  });
});

it('hunks beyond the bound stay conflicts, however simple they are', () => {
  const line = (text: string) => `a(${text}, "${'-'.repeat(20_000)}", 1);\n`;
  expectConflict(merged('js', line('1'), line('2'), line('1').replace(', 1)', ', 2)')));
});
