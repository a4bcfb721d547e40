import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

/**
 * Loads a configuration file, and gives what it exports.
 *
 * One that is written as an ES module is loaded as one whatever the project's package.json says of its type: Node would
 * guess it, too, and warn of it at each command.
 */
export const importConfig = async (file: string): Promise<unknown> => {
  const url = pathToFileURL(file).href;
  const isModule = /^\s*(?:export|import)\b/mu.test(readFileSync(file, 'utf8'));
  const format = file.endsWith('ts') ? 'module-typescript' : 'module';
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      isModule && specifier === url ? { url, format, shortCircuit: true } : next(specifier, context),
  });
  try {
    return await import(url);
  } finally {
    hooks.deregister();
  }
};
