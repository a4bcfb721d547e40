import { Parts } from './parts.ts';

/**
 * What stands in words besides the letters and digits of ASCII: everything beyond it but spaces, punctuation, arrows, signs
 * and pictures. They are blocks of Unicode and no properties: what is a letter is another matter with each version of it, and
 * whoever has another one would make other merges.
 */
const beyondAscii = [
  ['\u00aa', '\u00aa'],
  ['\u00b5', '\u00b5'],
  ['\u00ba', '\u00ba'],
  ['\u00c0', '\u00d6'],
  ['\u00d8', '\u00f6'],
  ['\u00f8', '\u167f'],
  ['\u1681', '\u1fff'],
  ['\u2070', '\u218f'],
  ['\u2c00', '\u2dff'],
  ['\u2e80', '\u2fff'],
  ['\u3005', '\u3007'],
  ['\u3021', '\ud7ff'],
  ['\ue000', '\ufe0f'],
  ['\ufe20', '\ufe2f'],
  ['\ufe70', '\ufefe'],
  ['\uff10', '\uff19'],
  ['\uff21', '\uff3a'],
  ['\uff41', '\uff5a'],
  ['\uff66', '\uffdc'],
  ['\u{10000}', '\u{1efff}'],
  ['\u{20000}', '\u{10ffff}'],
]
  .map(([first, last]) => `${first}-${last}`)
  .join('');
const letter = `A-Za-z_$${beyondAscii}`;

/**
 * What a hunk is divided into when lines are too coarse: a line break, a run of spaces, a string in quotes (up to 256
 * characters: a longer one is text), a number with all its dots (a version is one word), a word, or a single other character.
 * Every character is in one of them, whatever the language is, so that the tokens of a text put together are the text.
 */
const anyToken = new RegExp(
  [
    String.raw`\r?\n|[^\S\n]+`,
    String.raw`"(?:[^"\\\n]|\\.){0,256}"|'(?:[^'\\\n]|\\.){0,256}'`,
    String.raw`\d+(?:\.\d+)+(?:[-+][\w.]+)*`,
    `[0-9${letter}]+`,
    '[^]',
  ].join('|'),
  'gu',
);

export const tokensOf = (text: string): Parts => {
  const ends: number[] = [];
  for (const match of text.matchAll(anyToken)) ends.push(match.index + match[0].length);
  return new Parts(text, ends);
};

/** Whether a token says something by itself; spaces and punctuation do not. */
export const isWord = (part: string): boolean => anyWord.test(part);
const anyWord = new RegExp(`[0-9${letter}]`, 'u');

/** Whether a token is a name, and nothing else. */
export const isName = (part: string): boolean => aName.test(part);
const aName = new RegExp(`^[0-9${letter}]+$`, 'u');

/** Whether a word is a name, or a string with one in it; numbers and single letters are the same by chance. */
export const isTelling = (word: string): boolean => aTelling.test(word);
const aTelling = new RegExp(`[${letter}][0-9${letter}]{2}`, 'u');

/** The words of a text, as often as they are in it. */
export const wordsOf = (text: string): readonly string[] => {
  const tokens = tokensOf(text);
  return Array.from({ length: tokens.length }, (_, index) => tokens.part(index)).filter(isWord);
};

/** What a text says, however it is spaced: equal where two texts differ in spaces and line breaks alone. */
export const unspaced = (text: string): string => {
  const tokens = tokensOf(text);
  let said = '';
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens.part(index).trim();
    if (token !== '') said += `${token}\n`;
  }
  return said;
};

/** The same, but with where there are any spaces. */
export const spacedOnce = (text: string): string => text.replaceAll(/\s+/g, ' ');

/** The words of a text without lines that are comments: what they say is about the words, and none of them. */
export const wordsOfCode = (text: string): readonly string[] => wordsOf(text.replaceAll(commentLine, ''));
const commentLine = /^[^\S\n]*(?:\/[/*]|\*).*$/gm;
