import type { Language } from '../syntax.ts';
import { isName, isWord } from '../tokens.ts';
import type { OutlineLine } from './outline.ts';

/** What was inserted, as far as it says what kind of items it is. */
export interface Insertion {
  /** Lines where items begin. */
  readonly heads: readonly OutlineLine[];
  /** First and last token outside of the items' brackets, and whether one of them ends a statement. */
  readonly first: string;
  readonly last: string;
  readonly hasSemicolon: boolean;
  readonly isWholeLines: boolean;
  /** The bracket that the list is in, where it is near enough to be seen. */
  readonly within: string | undefined;
}

/** Items whose order means nothing, or that everybody adds at an end. */
export interface ItemKind {
  readonly name: string;
  readonly languages: readonly Language[];
  readonly fits: (insertion: Insertion) => boolean;
  /** What may not be there twice. */
  readonly nameOf: (head: OutlineLine) => string;
  /** Names beside each other of which the order means something. */
  readonly excludes?: (name: string, other: string) => boolean;
}

const script: readonly Language[] = ['js', 'jsx', 'ts', 'tsx'];

/** `import`, `export … from` and `const … = require(…)`. */
const imports: ItemKind = {
  name: 'import',
  languages: script,
  fits: ({ heads, isWholeLines }) =>
    isWholeLines &&
    heads.every(({ tokens: [first = '', ...rest] }) => {
      if (first === 'import' || first === 'from') return true;
      if (first === 'export') return rest.includes('from');
      return ['const', 'let', 'var'].includes(first) && rest.includes('require');
    }),
  nameOf: ({ text }) => text,
};

/** `else if (…)` and `case …:`. */
const alternatives: ItemKind = {
  name: 'alternative',
  languages: script,
  fits: ({ heads, isWholeLines }) =>
    isWholeLines &&
    heads.every(({ tokens: [first, second] }) => first === 'case' || (first === 'else' && second === 'if')),
  nameOf: ({ text }) => text,
};

/** What commas are between: properties, and elements of arrays. Arguments have an order. */
const listed: ItemKind = {
  name: 'listed',
  languages: [...script, 'json'],
  fits: ({ heads, first, last, hasSemicolon, isWholeLines, within }) => {
    if (hasSemicolon || within === '(' || (first !== ',' && last !== ',' && first !== '}')) return false;
    return heads.every(({ tokens }) => {
      const [token = '', next] = tokens;
      if (next === ':' || next === '?') return true;
      if (isString(token)) return isWholeLines || within === '[';
      // A name alone may be anything, where it is not seen what it is in.
      if (isWord(token)) return within === '{' && (next === undefined || [',', 'as', '('].includes(next));
      return isWholeLines && ['{', '['].includes(token);
    });
  },
  nameOf: (head) => upTo(head, [':', '?', '(', ',']),
};

/** Functions, classes, types, and methods. */
const members: ItemKind = {
  name: 'member',
  languages: script,
  fits: ({ heads, isWholeLines }) =>
    isWholeLines &&
    heads.every(
      ({ tokens }) =>
        tokens.slice(0, 4).some((token) => declaring.has(token)) ||
        (tokens.includes('(') && tokens.at(-1) === '{' && !tokens.some((token) => stating.has(token))),
    ),
  nameOf: (head) => upTo(head, ['(', '{', '=']),
};
const declaring: ReadonlySet<string> = new Set(['function', 'class', 'interface', 'enum']);
/** What makes a statement, or an expression, of a line that else looks like a method. */
const stating: ReadonlySet<string> = new Set(
  'if for while switch catch do with else return await yield new = .'.split(' '),
);

/** `it('does', …)`: what a test is called says that there is one more. */
const tests: ItemKind = {
  name: 'test',
  languages: script,
  fits: ({ heads, isWholeLines }) =>
    isWholeLines &&
    heads.every(
      ({ tokens: [first = '', second] }) => testing.has(first) && (second === '(' || second === '.'),
    ),
  nameOf: ({ text }) => text,
};
const testing: ReadonlySet<string> = new Set(['it', 'test', 'describe', 'context', 'specify', 'suite']);

/** `name: type;` of an interface. */
const typed: ItemKind = {
  name: 'typed',
  languages: ['ts', 'tsx'],
  fits: ({ heads, isWholeLines }) =>
    isWholeLines &&
    heads.every(
      ({ tokens }) =>
        tokens.at(-1) === ';' &&
        isMemberOfType(tokens.filter((token) => token !== 'readonly' && token !== '?')),
    ),
  nameOf: (head) => upTo(head, [':', '?']),
};
const isMemberOfType = ([name = '', colon]: readonly string[]): boolean => isName(name) && colon === ':';

/** `| 'name'` of a union. */
const united: ItemKind = {
  name: 'united',
  languages: ['ts', 'tsx'],
  fits: ({ heads, isWholeLines }) => isWholeLines && heads.every(({ tokens }) => tokens[0] === '|'),
  nameOf: ({ text }) => text,
};

/** `name: value;` of a style rule. */
const styled: ItemKind = {
  name: 'styled',
  languages: ['css'],
  fits: ({ heads, isWholeLines }) =>
    isWholeLines && heads.every(({ tokens }) => tokens.at(-1) === ';' && tokens.includes(':')),
  nameOf: (head) => upTo(head, [':']),
  excludes: (name, other) => isShorthandOf(name, other) || isShorthandOf(other, name),
};
/** Whether the one sets the other as well (`margin`, `margin-left`), so that the later of them wins. */
const isShorthandOf = (name: string, other: string): boolean =>
  name === 'all' || other.startsWith(`${name} - `) || (name === 'font' && other === 'line - height');

export const itemKinds: readonly ItemKind[] = [
  imports,
  alternatives,
  listed,
  members,
  tests,
  typed,
  united,
  styled,
];

const upTo = ({ tokens, text }: OutlineLine, signs: readonly string[]): string => {
  const end = tokens.findIndex((token) => signs.includes(token));
  const name = tokens.slice(0, end < 0 ? tokens.length : end).join(' ');
  return isWord(name) ? name : text;
};

const isString = (token: string): boolean => /^["']/.test(token);
