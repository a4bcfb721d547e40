import { TokenType, type CSSToken } from '@csstools/css-tokenizer';

export interface StyleImport {
  readonly address: string;
  /** Layer, `supports()` and media queries, as they are written after an address. */
  readonly conditions: string;
  /** Block rules of the same meaning, outermost first. */
  readonly blocks: readonly string[];
}

/**
 * Reads what stands between `@import` and its semicolon: the address, then a layer, a `supports()` and media queries,
 * each of which may be absent.
 *
 * @returns undefined where there is no address.
 */
export const readImport = (prelude: readonly CSSToken[]): StyleImport | undefined => {
  const parts = partsOf(prelude);
  const first = parts.shift();
  const address = first === undefined ? undefined : addressOf(first);
  if (address === undefined) return undefined;

  const conditions = parts.map(textOf).join(' ');
  const take = (pattern: RegExp): string | undefined => {
    const found = pattern.exec(textOf(parts[0] ?? []));
    if (found !== null) parts.shift();
    return found === null ? undefined : (found[1] ?? '').trim();
  };
  const layer = take(/^layer(?:\((.*)\))?$/isu);
  const supports = take(/^supports\((.*)\)$/isu);
  const media = parts.map(textOf).join(' ');
  const blocks = [
    ...(supports === undefined ? [] : [`@supports (${supports})`]),
    ...(media === '' ? [] : [`@media ${media}`]),
    ...(layer === undefined ? [] : [layer === '' ? '@layer' : `@layer ${layer}`]),
  ];
  return { address, conditions, blocks };
};

const textOf = (tokens: readonly CSSToken[]): string => tokens.map(([, text]) => text).join('');

const addressOf = (part: readonly CSSToken[]): string | undefined => {
  const [first, ...rest] = part;
  if (first === undefined) return undefined;
  if (first[0] === TokenType.URL || first[0] === TokenType.String) return first[4].value;
  if (first[0] !== TokenType.Function || first[4].value.toLowerCase() !== 'url') return undefined;
  const string = rest.find((token) => token[0] === TokenType.String);
  return string?.[0] === TokenType.String ? string[4].value : undefined;
};

/** Splits at spaces and comments outside of parentheses. */
const partsOf = (tokens: readonly CSSToken[]): CSSToken[][] => {
  const parts: CSSToken[][] = [];
  let part: CSSToken[] = [];
  let depth = 0;
  for (const token of tokens) {
    const [type] = token;
    if (type === TokenType.Function || type === TokenType.OpenParen) depth += 1;
    if (type === TokenType.CloseParen) depth -= 1;
    const separates = depth === 0 && (type === TokenType.Whitespace || type === TokenType.Comment);
    if (!separates) part.push(token);
    // A string or url() ends the address even where no space follows.
    const ends = parts.length === 0 && depth === 0 && !separates;
    if ((separates || ends) && part.length > 0) {
      parts.push(part);
      part = [];
    }
  }
  if (part.length > 0) parts.push(part);
  return parts;
};
