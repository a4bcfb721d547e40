import type { Language } from '../syntax.ts';
import { spacedOnce, tokensOf, unspaced } from '../tokens.ts';
import type { Rule } from './rule.ts';

/**
 * One side changed nothing but spaces and line breaks, the other what stands there: that is what stands. In a text that is
 * said to somebody spaces are a part of it.
 */
export const respaced: Rule = ({ base, ours, theirs, language, before }) => {
  if (before.isInTemplate || [before.line, base, ours, theirs].some(mayBeSaid)) return undefined;
  const said = areSpacesSaid(language) ? spacedOnce : unspaced;
  const [was, one, other] = [said(base), said(ours), said(theirs)];
  // Spaces alone are no text that somebody could have meant.
  if (was.trim() === '' || one === other) return undefined;
  if (one === was) return theirs;
  return other === was ? ours : undefined;
};

/** How many spaces there are makes no difference in pages and style sheets, but whether there are any (`a b`, `a :hover`). */
const areSpacesSaid = (language: Language): boolean => language === 'html' || language === 'css';

/** Whether a quote stands alone: of a template, or of a string that is longer than a token or goes on elsewhere. */
const mayBeSaid = (text: string): boolean => {
  const tokens = tokensOf(text);
  for (let index = 0; index < tokens.length; index += 1) if (quotes.has(tokens.part(index))) return true;
  return false;
};

const quotes: ReadonlySet<string> = new Set(['`', '"', "'"]);
