import type { Base } from '../record/base.ts';
import type { Namespace } from '../modules/module-format.ts';

/**
 * Imports what is not the program's own: URLs as they are, bare names from where the page's import map or the host says.
 * The import map has the first word, since the page itself may use it for the same names.
 *
 * @param fetchBase the base as it is served by now: a push may be the first to import a package.
 */
export const externalModules = (
  base: Base,
  fetchBase: () => Promise<Base>,
): ((specifier: string) => Promise<Namespace>) => {
  let { packages } = base;
  return async (specifier) => {
    if (resolvesHere(specifier)) return imported(specifier);
    if (packages?.has(specifier) !== true) ({ packages } = await fetchBase());
    const url = packages?.get(specifier);
    if (url === undefined) {
      throw new TypeError(
        `This page does not know "${specifier}": neither its import map nor its host names that package.`,
      );
    }
    return withMembers(await imported(url));
  };
};

const imported = (specifier: string): Promise<Namespace> =>
  import(/* @vite-ignore */ /* webpackIgnore: true */ specifier);

/** A CommonJS package comes as a default export alone; its members are what code imports by name, as in Node. */
const withMembers = (namespace: Namespace): Namespace => {
  const { default: whole } = namespace;
  const isAlone = Object.keys(namespace).length === 1 && typeof whole === 'object' && whole !== null;
  return isAlone ? { ...whole, default: whole } : namespace;
};

const resolvesHere = (specifier: string): boolean => {
  try {
    import.meta.resolve(specifier);
    return true;
  } catch {
    return false;
  }
};
