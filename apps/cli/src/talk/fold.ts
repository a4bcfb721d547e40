import { stripVTControlCharacters } from 'node:util';

/**
 * Text as lines of at most this many columns, broken between words; a longer word stays whole, so that a path can be
 * copied. Lines stay lines, and each begins with the indent.
 */
export const fold = (text: string, columns: number, indent = ''): string[] =>
  text.split('\n').flatMap((line) => foldLine(line, columns - indent.length).map((part) => indent + part));

const foldLine = (line: string, columns: number): string[] => {
  if (widthOf(line) <= columns) return [line];
  const parts: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`;
    if (widthOf(longer) <= columns || current === '') current = longer;
    else {
      parts.push(current);
      current = word;
    }
  }
  return [...parts, current];
};

const widthOf = (text: string): number => stripVTControlCharacters(text).length;

/** The text within so many columns, its end marked where something is left out. */
export const cut = (text: string, columns: number, mark: string): string =>
  text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - mark.length))}${mark}`;
