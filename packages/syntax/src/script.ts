import { parseSync } from 'oxc-parser';

import { isShallow } from './nesting.ts';

/** Script languages as the parser names them. */
type ScriptLanguage = 'jsx' | 'ts' | 'tsx';

/**
 * A module, or a script where nothing says that it is one. Names that are declared twice, and the like, are errors too: that
 * is what a merge of two good texts brings about. What is nested too deep to be looked at is none.
 */
export const isScript = (language: ScriptLanguage, text: string): boolean =>
  isShallow(text) &&
  parseSync(`text.${language}`, text, {
    lang: language,
    sourceType: 'unambiguous',
    showSemanticErrors: true,
  }).errors.length === 0;
