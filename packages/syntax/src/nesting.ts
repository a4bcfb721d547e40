import jsTokens from 'js-tokens';

/**
 * Whether a parser that calls itself for what lies inside - an expression in an expression, a block in a block - gets through
 * a script with room to spare. The one that is asked later is native: where its stack ends, the process ends with it.
 *
 * Counted are brackets that are open, and the tokens since the last comma or semicolon in each of them, since a chain
 * (`a => b => c`, `if (a) if (b)`, `!!a`) nests as well. Strings, comments, templates and regular expressions are told apart
 * first: brackets in them close nothing.
 */
export const isShallow = (text: string): boolean => {
  // No text nests deeper than it is long.
  if (text.length <= maxOpen) return true;
  const outside: number[] = [];
  let chain = 0;
  let chains = 0;
  for (const { type, value } of jsTokens(text, { jsx: true })) {
    if (type === 'TemplateHead' || (type === 'Punctuator' && openers.has(value))) {
      outside.push(chain + 1);
      chains += chain + 1;
      chain = 0;
    } else if (type === 'TemplateTail' || (type === 'Punctuator' && closers.has(value))) {
      chain = outside.pop() ?? chain;
      chains = Math.max(0, chains - chain);
    } else if (type === 'Punctuator' && (value === ';' || value === ',')) {
      chain = 0;
    } else if (!spaces.has(type)) {
      chain += 1;
    }
    if (outside.length > maxOpen || chains + chain > maxChain) return false;
  }
  return true;
};

/** Brackets open at once. The parser's stack (8 MB) ends at about 8,000 types in each other, at more of anything else. */
const maxOpen = 1000;
/** Tokens in the chains that are open. The same stack ends at about 28,000, of arrow functions. */
const maxChain = 10_000;

const openers: ReadonlySet<string> = new Set(['(', '[', '{']);
const closers: ReadonlySet<string> = new Set([')', ']', '}']);
const spaces: ReadonlySet<string> = new Set([
  'WhiteSpace',
  'LineTerminatorSequence',
  'SingleLineComment',
  'MultiLineComment',
  'HashbangComment',
]);
