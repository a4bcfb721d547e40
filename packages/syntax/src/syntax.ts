import type { Language, SyntaxCheck } from '@cd-push/timeline';

import { isCss } from './css.ts';
import { isHtml } from './html.ts';
import { isJson } from './json.ts';
import { languageOf } from './language-of.ts';
import { isScript } from './script.ts';

const accepts = (language: Language, text: string): boolean => {
  switch (language) {
    // JSX is in files of either name, and JSX is all that JavaScript is.
    case 'js':
    case 'jsx':
      return isScript('jsx', text);
    case 'ts':
      return isScript('ts', text);
    case 'tsx':
      return isScript('tsx', text);
    case 'json':
      return isJson(text);
    case 'css':
      return isCss(text);
    case 'html':
      return isHtml(text);
    default:
      return language satisfies never;
  }
};

/**
 * The parsers of this package. The versions are those of package.json (a test holds them together): whoever has others
 * accepts other texts, and would make other merges.
 */
export const syntax: SyntaxCheck = {
  id: 'oxc-parser@0.158.0 js-tokens@10.0.0 jsonc-parser@3.3.1 postcss@8.5.33 parse5@8.1.1',
  languageOf,
  accepts,
};
