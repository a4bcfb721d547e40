/** The definition of one export, as the transform prints it. */
const definition =
  /Object\.defineProperty\(__vite_ssr_exports__, ("(?:[^"\\]|\\.)*"), \{\n\tenumerable: true,\n\tconfigurable: true,\n\tget\(\) \{\n\t\treturn (.+);\n\t\}\n\}\);\n/uy;
/** Comments, which the transform carries over from the exports to the definitions, and directives. */
const between = /(?:\s+|\/\/.*|\/\*[^]*?\*\/|(["'])use \w+\1;)*/uy;
const definer =
  'const __cd_export__ = (name, get) => Object.defineProperty(__vite_ssr_exports__, name, { enumerable: true, configurable: true, get });';

/**
 * Says shortly what the transform says at length for each export: what a runtime has imported it keeps for good, so every
 * character counts. The definitions are on lines that no mapping concerns, which are taken out of the mappings too.
 */
export const compactExports = (code: string, mappings: string): { code: string; mappings: string } => {
  const start = endOf(between, code, 0);
  const short: string[] = [];
  let end = start;
  definition.lastIndex = start;
  for (let found = definition.exec(code); found !== null; found = definition.exec(code)) {
    short.push(`__cd_export__(${found[1]}, () => ${found[2]});`);
    end = definition.lastIndex;
    definition.lastIndex = endOf(between, code, end);
  }
  const lines = mappings.split(';');
  const first = lineBreaks(code.slice(0, start));
  const removed = lineBreaks(code.slice(start, end));
  const concerned = lines.slice(first, first + removed);
  if (short.length === 0 || concerned.some((line) => line !== '')) return { code, mappings };
  const added = [definer, ...short];
  lines.splice(first, removed, ...added.map(() => ''));
  return {
    code: `${code.slice(0, start)}${added.join('\n')}\n${code.slice(end)}`,
    mappings: lines.join(';'),
  };
};

const endOf = (pattern: RegExp, text: string, from: number): number => {
  pattern.lastIndex = from;
  pattern.test(text);
  return Math.max(from, pattern.lastIndex);
};

const lineBreaks = (text: string): number => text.split('\n').length - 1;
