import type { Language } from '@cd-push/timeline';

const languages: ReadonlyMap<string, Language> = new Map([
  ['js', 'js'],
  ['mjs', 'js'],
  ['cjs', 'js'],
  ['jsx', 'jsx'],
  ['ts', 'ts'],
  ['mts', 'ts'],
  ['cts', 'ts'],
  ['tsx', 'tsx'],
  ['json', 'json'],
  ['css', 'css'],
  ['html', 'html'],
  ['htm', 'html'],
]);

/** What a file is by its name; undefined where no parser is asked about it. */
export const languageOf = (path: string): Language | undefined => {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? undefined : languages.get(name.slice(dot + 1).toLowerCase());
};
