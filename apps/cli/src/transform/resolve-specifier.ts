import { posix } from 'node:path';

/** What a specifier means. */
export type Resolution =
  /** A file of the project, by its canonical name. */
  | { readonly kind: 'resource'; readonly resource: string }
  /** A package, a built-in module or an absolute URL: the runtime imports it natively. */
  | { readonly kind: 'external'; readonly specifier: string }
  /** Nothing that could be imported. */
  | { readonly kind: 'refused'; readonly reason: string };

/** What resolving needs to know of a project. */
export interface ProjectFiles {
  /** First segment of every resource. */
  readonly module: string;
  /** Paths below the project's folder, with `/`. */
  has(path: string): boolean;
}

const extensions = ['.ts', '.tsx', '.js', '.jsx', '.mjs', '.json'] as const;
/** TypeScript lets an import name the file that it will be compiled to. */
const compiledFrom: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts', '.tsx'],
  '.jsx': ['.tsx'],
};

/**
 * Resolves as bundlers do: `./x` and `/x` (from the project's folder) with or without extension, `./x.js` for `x.ts`,
 * folders by their index. Everything else is external.
 */
export const resolveSpecifier = (project: ProjectFiles, importer: string, specifier: string): Resolution => {
  if (!/^(?:\.{1,2}(?:\/|$)|\/(?!\/))/u.test(specifier)) return { kind: 'external', specifier };
  const query = specifier.search(/[?#]/u);
  if (query !== -1) {
    return { kind: 'refused', reason: `"${specifier.slice(query)}" after a file name has no meaning here` };
  }
  const folder = posix.dirname(importer.slice(importer.indexOf('/', 1) + 1));
  const path = specifier.startsWith('/')
    ? posix.normalize(specifier.slice(1))
    : posix.normalize(posix.join(folder, specifier));
  if (path === '..' || path.startsWith('../'))
    return { kind: 'refused', reason: 'it leads out of the project' };
  const found = candidatesOf(path).find((candidate) => project.has(candidate));
  return found === undefined
    ? { kind: 'refused', reason: 'there is no such file' }
    : { kind: 'resource', resource: `/${project.module}/${found}` };
};

const candidatesOf = (path: string): string[] => {
  const extension = posix.extname(path);
  const stem = path.slice(0, path.length - extension.length);
  const folder = path === '.' ? '' : path.replace(/\/?$/u, '/');
  return [
    path,
    ...(compiledFrom[extension] ?? []).map((source) => stem + source),
    ...extensions.map((added) => path + added),
    ...extensions.map((added) => `${folder}index${added}`),
  ];
};
