import { Parts } from './parts.ts';

/**
 * What a hunk is divided into when lines are too coarse: a line break, a run of spaces, a string in quotes (up to 256
 * characters: a longer one is text), a number with all its dots (a version is one word), a word, or a single other character.
 * Every character is in one of them, whatever the language is, so that the tokens of a text put together are the text.
 */
const anyToken =
  /\r?\n|[^\S\n]+|"(?:[^"\\\n]|\\.){0,256}"|'(?:[^'\\\n]|\\.){0,256}'|\d+(?:\.\d+)+(?:[-+][\w.]+)*|[\p{L}\p{N}\p{M}_$]+|[^]/gu;

export const tokensOf = (text: string): Parts => {
  const ends: number[] = [];
  for (const match of text.matchAll(anyToken)) ends.push(match.index + match[0].length);
  return new Parts(text, ends);
};

/** Whether a token says something by itself; spaces and punctuation do not. */
export const isWord = (part: string): boolean => anyWord.test(part);
const anyWord = /[\p{L}\p{N}_$]/u;

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

/** The same without lines that are comments: what they say is about the words, and none of them. */
export const wordsOfCode = (text: string): readonly string[] => wordsOf(text.replaceAll(commentLine, ''));
const commentLine = /^[^\S\n]*(?:\/[/*]|\*).*$/gm;
