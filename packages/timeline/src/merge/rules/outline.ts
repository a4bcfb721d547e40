import { isWord, tokensOf } from '../tokens.ts';

/** One line of a list: its tokens that are in no bracket but the list's own, and the whole of it. */
export interface OutlineLine {
  readonly tokens: readonly string[];
  readonly text: string;
}

/**
 * A list without what is inside its items. Where a text begins in the middle of an item, as what was inserted often does
 * (`}, b: {`), the list's own brackets are at a depth below zero.
 */
export interface Outline {
  readonly depth: number;
  readonly lines: readonly OutlineLine[];
}

/** Undefined where the brackets do not add up: then it is no whole number of items. */
export const outlineOf = (text: string): Outline | undefined => {
  const parts = tokensOf(text);
  const depths: number[] = [];
  let depth = 0;
  let lowest = 0;
  for (let index = 0; index < parts.length; index += 1) {
    const token = parts.part(index);
    if (closers.has(token)) depth -= 1;
    lowest = Math.min(lowest, depth);
    depths.push(depth);
    if (openers.has(token)) depth += 1;
  }
  if (depth !== 0) return undefined;
  const lines: OutlineLine[] = [];
  let tokens: string[] = [];
  let line = '';
  for (let index = 0; index <= parts.length; index += 1) {
    const token = parts.part(index);
    if (index < parts.length && !token.includes('\n')) {
      line += token;
      if (depths[index] === lowest && token.trim() !== '') tokens.push(token);
      continue;
    }
    if (tokens.length > 0) lines.push({ tokens, text: line.trim() });
    tokens = [];
    line = '';
  }
  return { depth: lowest, lines };
};

/**
 * Where items begin: what each line has from its first word or string on. Comments and decorators belong to the item behind
 * them, and lines without a word to the one before.
 */
export const headsOf = ({ lines }: Outline): readonly OutlineLine[] =>
  lines.flatMap(({ tokens, text }) => {
    const [first, second] = tokens;
    if (first === '@' || first === '*' || (first === '/' && (second === '/' || second === '*'))) return [];
    const start = tokens.findIndex((token) => !closers.has(token) && token !== ',' && token !== ';');
    return start < 0 || !isWord(text) ? [] : [{ tokens: tokens.slice(start), text }];
  });

/** The bracket that is open at the end of a text, if one is. */
export const openBracketOf = (text: string): string | undefined => {
  const open: string[] = [];
  const parts = tokensOf(text);
  for (let index = 0; index < parts.length; index += 1) {
    const token = parts.part(index);
    if (openers.has(token)) open.push(token);
    else if (closers.has(token)) open.pop();
  }
  return open.at(-1);
};

const openers: ReadonlySet<string> = new Set(['(', '[', '{']);
const closers: ReadonlySet<string> = new Set([')', ']', '}']);
