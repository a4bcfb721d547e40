import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

import ignore, { type Ignore as Rules } from 'ignore';

import { isAuditExport } from '../audit/is-audit-export.ts';
import type { Ignore } from '../transform/project-scan.ts';

/** Beside the configuration file or the program's root; in the words of a .gitignore. */
const ignoreFileName = '.cdpushignore';
/** By it a folder is known as what `build` wrote. */
const manifestName = 'cd-push.base.json';

/**
 * What editors and tools put beside a file while they save it: JetBrains, Vim, Emacs, Chrome, those that make backups or
 * write a draft first, and `sed -i`, whose draft is `sed` and six characters.
 */
const leftovers = [
  '*___jb_tmp___',
  '*___jb_old___',
  '4913',
  '*~',
  '*.swp',
  '*.swx',
  '*.crswap',
  '*.tmp',
  '*.tmp.[0-9]*',
  '\\#*#',
  `sed${'[0-9A-Za-z]'.repeat(6)}`,
];

/**
 * Which files are none of the program's, in this order, of which the last that matches decides: the `.gitignore` files of
 * the repository, from its top down to the file's own folder; `exclude` of the settings; `.cdpushignore`; `include` of
 * the settings. Editors' leftovers do not count. Whatever the rules say, nor do folders that `cd-cli build` wrote, exports of
 * an audit, and the stack's data folder, which holds its keys. The files of rules are read once.
 */
export const ignoredFiles = (
  root: string,
  {
    include,
    exclude,
    dataFolder,
  }: { include: readonly string[]; exclude: readonly string[]; dataFolder: string },
): Ignore => {
  const rules = repositoryRules(root, [
    ...leftovers,
    ...exclude,
    ...linesOf(join(root, ignoreFileName)),
    ...include.map((pattern) => `!${pattern}`),
  ]);
  return (path) => {
    const full = join(root, path);
    if (full === dataFolder || full.startsWith(dataFolder + sep)) return true;
    if (existsSync(join(full, manifestName))) return true;
    return isNamed(rules(dirname(full)), full) || isAuditExport(full);
  };
};

/** Whether the rules name what is at a path. */
const isNamed = ({ own, top }: FolderRules, full: string): boolean => {
  const below = slashed(relative(top, full));
  const asFile = own.ignores(below);
  // Only patterns that end in a slash tell folders from files, and only then it is looked at.
  if (asFile === own.ignores(`${below}/`)) return asFile;
  return statSync(full, { throwIfNoEntry: false })?.isDirectory() === true ? !asFile : asFile;
};

interface FolderRules {
  /** Of this folder and all above it, as of paths below `top`. */
  readonly patterns: readonly string[];
  readonly own: Rules;
  readonly top: string;
}

/**
 * The rules of each folder of the project.
 *
 * @param last patterns of the project that come after every `.gitignore`.
 */
const repositoryRules = (root: string, last: readonly string[]): ((folder: string) => FolderRules) => {
  const repository = repositoryOf(root);
  const around = gitPatterns(repository, dirname(root), repository);
  // A program in a folder that its repository ignores, as below a home folder that is one, is a program all the same.
  const isWhole =
    root !== repository &&
    !ignore()
      .add(around)
      .ignores(`${slashed(relative(repository, root))}/`);
  const top = isWhole ? repository : root;
  const atEnd = placed(last, slashed(relative(top, root)));
  const known = new Map<string, FolderRules>();
  const rulesOf = (folder: string): FolderRules => {
    const kept = known.get(folder);
    if (kept !== undefined) return kept;
    const above = folder === root ? undefined : rulesOf(dirname(folder));
    const patterns = placed(linesOf(join(folder, '.gitignore')), slashed(relative(top, folder)));
    const made =
      above !== undefined && patterns.length === 0
        ? above
        : withPatterns([...(above?.patterns ?? (isWhole ? around : [])), ...patterns]);
    known.set(folder, made);
    return made;
  };
  const withPatterns = (patterns: readonly string[]): FolderRules => ({
    patterns,
    own: ignore().add(patterns).add(atEnd),
    top,
  });
  return rulesOf;
};

/** Of the `.gitignore` files of a folder and those around it up to the top, the top's first. */
const gitPatterns = (top: string, folder: string, base: string): string[] => {
  const own = placed(linesOf(join(folder, '.gitignore')), slashed(relative(base, folder)));
  const isWithin = folder !== top && folder.startsWith(top);
  return isWithin ? [...gitPatterns(top, dirname(folder), base), ...own] : folder === top ? own : [];
};

/** Patterns of one folder in the words of a folder above it: a slash within ties a pattern to its folder. */
const placed = (patterns: readonly string[], folder: string): string[] =>
  patterns
    .filter((pattern) => pattern.trim() !== '' && !pattern.startsWith('#'))
    .map((pattern) => {
      if (folder === '') return pattern;
      const isNegated = pattern.startsWith('!');
      const body = isNegated ? pattern.slice(1) : pattern;
      const isTied = /\/(?!\s*$)/u.test(body);
      const prefix = `/${folder.replaceAll(/[\\*?[\]!# ]/gu, '\\$&')}/`;
      return `${isNegated ? '!' : ''}${prefix}${isTied ? body.replace(/^\//u, '') : `**/${body}`}`;
    });

/** The top of the repository; outside of one, the folder itself. */
const repositoryOf = (root: string): string => {
  for (let folder = root; dirname(folder) !== folder; folder = dirname(folder))
    if (existsSync(join(folder, '.git'))) return folder;
  return root;
};

const slashed = (path: string): string => path.split(sep).join('/');

const linesOf = (file: string): string[] => {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/u);
  } catch {
    return [];
  }
};
