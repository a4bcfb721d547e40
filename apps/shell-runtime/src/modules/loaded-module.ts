import type { LoadedModule, ModuleFactory } from './module-format.ts';

/**
 * Reads what a module of the pushed format exports. Rejects modules of another format, such as one that never passed the
 * transform.
 */
export const loadedModuleOf = (native: unknown, retainedBytes: number): LoadedModule => {
  if (typeof native !== 'object' || native === null) throw notOurs();
  const factory: unknown = Reflect.get(native, 'default');
  const imports: unknown = Reflect.get(native, 'imports');
  const dynamicImports: unknown = Reflect.get(native, 'dynamicImports') ?? [];
  if (!isFactory(factory) || !isImports(imports) || !isNames(dynamicImports)) throw notOurs();
  return { imports, dynamicImports, factory, retainedBytes };
};

const notOurs = (): TypeError => new TypeError('The content is not a module in the format of the transform.');

const isFactory = (value: unknown): value is ModuleFactory => typeof value === 'function';
const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');
const isImports = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === 'object' && value !== null && isNames(Object.values(value));
