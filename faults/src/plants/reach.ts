/** A class of the project as far as it is tampered with here. */
interface Class {
  readonly prototype: object;
}

/**
 * A class inside a built package, which the process will use as well: what is changed in it holds for all of it. Where it
 * is not there any more, the process does not start, so that a plant that takes no hold is not taken for one that was
 * missed.
 *
 * @throws TypeError
 */
export const classIn = async (room: string, file: string, name: string): Promise<Class> => {
  const url = new URL(`dist/${file}`, import.meta.resolve(`@cd-push/${room}/package.json`));
  const module: unknown = await import(url.href);
  const found: unknown =
    typeof module === 'object' && module !== null ? Reflect.get(module, name) : undefined;
  if (!isClass(found)) throw new TypeError(`${url.href} exports no class ${name}.`);
  return found;
};

/**
 * Puts a method in place of one that has to be there.
 *
 * @throws TypeError
 */
export const replaceMethod = (
  prototype: object,
  name: string,
  method: (this: object, ...args: unknown[]) => unknown,
): ((self: object, ...args: unknown[]) => unknown) => {
  const original: unknown = Reflect.get(prototype, name);
  if (typeof original !== 'function') throw new TypeError(`There is no method ${name}.`);
  Object.defineProperty(prototype, name, { value: method, configurable: true, writable: true });
  return (self, ...args) => Reflect.apply(original, self, args) as unknown;
};

const isClass = (value: unknown): value is Class =>
  typeof value === 'function' && 'prototype' in value && typeof value.prototype === 'object';
