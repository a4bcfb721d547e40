/** What a text is, as far as a parser is asked about it. */
export type Language = 'js' | 'jsx' | 'ts' | 'tsx' | 'json' | 'css' | 'html';

/**
 * Parsers of pinned versions that say whether a merged text is still a program. A port: not every place has them, and a
 * merge that was judged by one can only be made again where the very same is.
 */
export interface SyntaxCheck {
  /** Names all parsers with their versions; part of every merge that they judged. */
  readonly id: string;
  /** What a file is by its name; undefined where no parser is asked about it. */
  languageOf(path: string): Language | undefined;
  accepts(language: Language, text: string): boolean;
}
