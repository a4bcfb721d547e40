/** How the text of a library is cut. Each cut finds what it cuts, or fails the build. */
import type { Plugin } from 'rolldown';
import { parseAst } from 'rolldown/parseAst';

/** Changes the text of the files of a library whose paths fit. */
export const changed = (name: string, id: RegExp, change: (code: string) => string): Plugin => ({
  name,
  transform: { filter: { id }, handler: (code) => ({ code: change(code), map: null }) },
});

/** Everywhere. */
export const replaced = (code: string, text: string, by: string): string => {
  if (!code.includes(text)) throw new Error(`A library has no "${text}" any more.`);
  return code.replaceAll(text, by);
};

/** Each of these texts, wherever it stands, by the other. */
export const settled = (code: string, texts: Readonly<Record<string, string>>): string =>
  Object.entries(texts).reduce((rest, [text, by]) => replaced(rest, text, by), code);

/** Without what stands from one text to before the next place of another. */
export const without = (code: string, from: string, until: string, by = ''): string => {
  const start = code.indexOf(from);
  const end = code.indexOf(until, start + from.length);
  if (start === -1 || end === -1) throw new Error(`A library has no "${from}" before a "${until}" any more.`);
  return code.slice(0, start) + by + code.slice(end);
};

/** Without these methods of its classes. */
export const withoutMethods = (code: string, names: readonly string[]): string => {
  const found = parseAst(code)
    .body.map((statement) =>
      statement.type === 'ExportNamedDeclaration' && statement.declaration !== null
        ? statement.declaration
        : statement,
    )
    .flatMap((statement) => (statement.type === 'ClassDeclaration' ? statement.body.body : []))
    .filter(({ type }) => type === 'MethodDefinition')
    .flatMap((member) =>
      'key' in member && member.key.type === 'Identifier' && names.includes(member.key.name) ? [member] : [],
    );
  if (found.length !== names.length)
    throw new Error(`A library has not all of ${names.join(', ')} any more.`);
  return found
    .toReversed()
    .reduce((rest, { start, end }) => `${rest.slice(0, start)}${rest.slice(end)}`, code);
};
