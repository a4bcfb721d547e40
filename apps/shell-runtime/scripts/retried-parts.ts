/**
 * How the files of a bundle load each other. A browser keeps for good that an address of a module could not be loaded; with the
 * next number behind it, it is another address. All that other files use of such a file comes by the same way, so that there is
 * one of it, wherever it came from.
 */
import type { Plugin } from 'rolldown';

const loader = `const parts = new Map();
let failures = 0;
export const loadPart = (name) => {
  const before = parts.get(name);
  if (before !== undefined) return before;
  const part = import(failures === 0 ? name : name + '?' + failures);
  parts.set(name, part);
  part.catch(() => {
    failures += 1;
    parts.delete(name);
  });
  return part;
};
`;

/** @param entry the file that is loaded by its own address; the others take the means to load from it. */
export const retriedParts = (entry: string): Plugin => ({
  name: 'retried-parts',
  renderChunk: (code, chunk) => {
    const loaded = code
      .replaceAll(/\bimport\((["'`]\.\/runtime-[a-z]+\.js["'`])\)/gu, 'loadPart($1)')
      .replaceAll(
        /^import \{([^}]*)\} from (["']\.\/runtime-[a-z]+\.js["']);$/gmu,
        (_, names: string, file: string) =>
          `const {${names.replaceAll(' as ', ': ')}} = await loadPart(${file});`,
      );
    if (chunk.fileName === entry) return { code: loader + loaded, map: null };
    if (loaded === code) return null;
    return { code: `import { loadPart } from './${entry}';\n${loaded}`, map: null };
  },
});
