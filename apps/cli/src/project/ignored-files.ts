import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import ignore from 'ignore';

import type { Ignore } from '../transform/project-scan.ts';

/** Beside the configuration file or the program's root; in the words of a .gitignore. */
const ignoreFileName = '.cdpushignore';

/** What editors put beside a file while they save it: JetBrains, Vim, Emacs and those that make backups. */
const editorLeftovers = ['*___jb_tmp___', '*___jb_old___', '4913', '*~', '*.swp', '*.swx', '#*#'];

/**
 * Which files are none of the program's, in this order, of which the last that matches decides: `exclude` of the
 * settings, `.cdpushignore`, `include` of the settings. The stack's own data folder never counts.
 */
export const ignoredFiles = (
  root: string,
  { include, exclude }: { include: readonly string[]; exclude: readonly string[] },
): Ignore => {
  const file = join(root, ignoreFileName);
  const rules = ignore()
    .add(editorLeftovers.map((pattern) => pattern.replace(/^#/u, '\\#')))
    .add([...exclude])
    .add(existsSync(file) ? readFileSync(file, 'utf8') : '')
    .add(include.map((pattern) => `!${pattern}`));
  // A folder is asked about without a slash at its end; only patterns that end in one need to know.
  return (path) => rules.ignores(path) || rules.ignores(`${path}/`);
};
