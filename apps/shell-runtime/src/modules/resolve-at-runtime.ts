/**
 * What a specifier means in a module that runs. Those that the transform saw are in the module's own table; computed
 * ones are taken relative to the module.
 *
 * @param lenient also take `./dep` for an imported `./dep.ts`, as in `hot.accept('./dep')`.
 * @returns a canonical resource (`/module/path`), or a bare specifier or URL for the external port.
 */
export const resolveAtRuntime = (
  resource: string,
  imports: Readonly<Record<string, string>>,
  specifier: string,
  lenient: boolean,
): string => {
  const known = Object.hasOwn(imports, specifier) ? imports[specifier] : undefined;
  if (known !== undefined) return known;
  if (!/^\.{0,2}\//u.test(specifier)) return specifier;
  const root = resource.slice(0, resource.indexOf('/', 1));
  const path = specifier.startsWith('/') ? root + specifier : join(resource, specifier);
  if (!lenient) return path;
  const stem = stemOf(path);
  return Object.values(imports).find((target) => target === path || stemOf(target) === stem) ?? path;
};

const stemOf = (path: string): string => path.replace(/\.\w+$/u, '').replace(/\/index$/u, '');

const join = (resource: string, relative: string): string => {
  const parts = resource.split('/').slice(0, -1);
  for (const part of relative.split('/')) {
    // The first two parts, '' and the module's name, are the top that no specifier leads out of.
    if (part === '..' && parts.length > 2) parts.pop();
    else if (part === '..') throw new TypeError(`${relative} leads out of the module of ${resource}.`);
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
};
