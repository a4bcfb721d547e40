import type { Draw } from '../draw/draw.ts';
import { wordsIn, type Token } from '../tokens/occurrences.ts';

/**
 * Texts that look like programs. Every word that somebody has written is a token. The other lines are the same in many places;
 * they are there from the first version on, and never taken away or moved, so that what a text has kept of another one is no
 * matter of opinion.
 */
interface Style {
  /** Lines of a text that nobody has edited. */
  readonly skeleton: readonly string[];
  /** The first and the last place where a line may be put, counted from the ends. */
  readonly margins: readonly [number, number];
  readonly lineOf: (words: readonly Token[]) => string;
}

const statements: Style = {
  skeleton: ['{', '', '', '}', '{', '', '}'],
  margins: [0, 0],
  lineOf: ([first, ...others]) => `let ${first} = ${others.join(' + ')};`,
};
const items: Style = {
  skeleton: ['export default {', '', '};'],
  margins: [1, 1],
  lineOf: ([first, ...others]) => `  ${first}: [${others.join(', ')}],`,
};

const styleOf = (lines: readonly string[]): Style => (lines[0] === items.skeleton[0] ? items : statements);

const mostWords = 4;
const mostLines = 3;

const newLine = ({ lineOf }: Style, draw: Draw, token: () => Token): string =>
  lineOf(Array.from({ length: draw.between(2, mostWords) }, token));

/** A text to begin with. */
export const newText = (draw: Draw, token: () => Token): string => {
  const style = draw.chance(0.6) ? statements : items;
  const [first, ...others] = style.skeleton;
  const lines = others.flatMap((line) => (draw.chance(0.6) ? [newLine(style, draw, token), line] : [line]));
  return textOf([first ?? '', ...lines], draw.chance(0.8));
};

/** A text that has nothing in common with another one. */
export const otherText = (draw: Draw, token: () => Token): string =>
  textOf(
    Array.from({ length: draw.between(1, mostLines) }, () => newLine(statements, draw, token)),
    true,
  );

/** An edited text, and what was done; undefined where there was nothing to do it to. */
type TextEdit = (
  lines: readonly string[],
  draw: Draw,
  token: () => Token,
) => readonly [what: string, lines: readonly string[]] | undefined;

/** Half of what people do at the same time they do in the same places. */
const placeIn = (length: number, draw: Draw): number =>
  draw.chance(0.5) ? draw.pick([0, length >> 1, length - 1]) : draw.between(0, length - 1);

/** Where a new line may be put. */
const gapIn = (lines: readonly string[], draw: Draw): number => {
  const [first, last] = styleOf(lines).margins;
  return first + placeIn(Math.max(1, lines.length + 1 - first - last), draw);
};

/** A line that somebody has written. */
const writtenIn = (lines: readonly string[], draw: Draw): number | undefined => {
  const at = lines.flatMap((line, index) => (wordsIn(line).length > 0 ? [index] : []));
  return at.length === 0 ? undefined : at[placeIn(at.length, draw)];
};

const insertLines: TextEdit = (lines, draw, token) => {
  const at = gapIn(lines, draw);
  const style = styleOf(lines);
  const added = Array.from({ length: draw.between(1, mostLines) }, () => newLine(style, draw, token));
  return [`insert ${added.length} at line ${at + 1}`, lines.toSpliced(at, 0, ...added)];
};

const deleteLines: TextEdit = (lines, draw) => {
  const at = writtenIn(lines, draw);
  if (at === undefined) return undefined;
  const end = at + (wordsIn(lines[at + 1] ?? '').length > 0 && draw.chance(0.4) ? 2 : 1);
  return [`delete line ${at + 1}${end > at + 1 ? ` to ${end}` : ''}`, lines.toSpliced(at, end - at)];
};

const replaceLine: TextEdit = (lines, draw, token) => {
  const at = writtenIn(lines, draw);
  return at === undefined
    ? undefined
    : [`replace line ${at + 1}`, lines.with(at, newLine(styleOf(lines), draw, token))];
};

type WordsEdit = (words: readonly Token[], draw: Draw, token: () => Token) => readonly Token[];

const editWords =
  (name: string, edit: WordsEdit): TextEdit =>
  (lines, draw, token) => {
    const at = writtenIn(lines, draw);
    if (at === undefined) return undefined;
    const words = edit(wordsIn(lines[at] ?? ''), draw, token);
    return [`${name} line ${at + 1}`, lines.with(at, styleOf(lines).lineOf(words))];
  };

const replaceWord = editWords('replace a word of', (words, draw, token) =>
  words.with(draw.between(0, words.length - 1), token()),
);
const addWord = editWords('add a word to', (words, draw, token) =>
  words.toSpliced(draw.between(0, words.length), 0, token()),
);
const removeWord = editWords('take a word out of', (words, draw) =>
  words.length > 2 ? words.toSpliced(draw.between(0, words.length - 1), 1) : words,
);

const edits = [
  [insertLines, 5],
  [deleteLines, 3],
  [replaceLine, 2],
  [replaceWord, 3],
  [addWord, 2],
  [removeWord, 1],
] as const;

/** Edits a text somewhere; the same text where there was nothing to take away. */
export const editedText = (
  text: string,
  draw: Draw,
  token: () => Token,
): readonly [what: string, text: string] => {
  const { lines, isEnded } = linesIn(text);
  const [what, edited] = draw.weigh(edits)(lines, draw, token) ??
    insertLines(lines, draw, token) ?? ['nothing', lines];
  return [what, textOf(edited, isEnded)];
};

/** The text with one more line somewhere. */
export const withLine = (text: string, draw: Draw, token: () => Token): string => {
  const { lines, isEnded } = linesIn(text);
  return textOf(lines.toSpliced(gapIn(lines, draw), 0, newLine(styleOf(lines), draw, token)), isEnded);
};

const linesIn = (text: string): { readonly lines: readonly string[]; readonly isEnded: boolean } => {
  const isEnded = text.endsWith('\n');
  const body = isEnded ? text.slice(0, -1) : text;
  return { lines: body === '' ? [] : body.split('\n'), isEnded: isEnded || text === '' };
};

const textOf = (lines: readonly string[], isEnded: boolean): string =>
  lines.length === 0 ? '' : `${lines.join('\n')}${isEnded ? '\n' : ''}`;
