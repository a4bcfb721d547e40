import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path/posix';

import { moduleRunnerTransformSync, transformSync } from 'oxc-transform';

export interface TestContent {
  readonly digest: string;
  readonly content: string;
  /** Leads to the JavaScript that came out of TypeScript, line by line the same as these tests' sources. */
  readonly map: string;
}

/** Module content in the pushed format, made from TypeScript whose relative specifiers carry their extension. */
export const contentOf = (resource: string, text: string): TestContent => {
  const plain = transformSync(resource, text, { lang: 'ts', typescript: { onlyRemoveTypeImports: true } });
  const run = moduleRunnerTransformSync(resource, plain.code, { sourcemap: true });
  if (plain.errors.length + run.errors.length > 0) throw new Error(`${resource} does not parse`);
  const resolve = (specifier: string): string =>
    specifier.startsWith('.') ? join(dirname(resource), specifier) : specifier;
  const imports = Object.fromEntries([...run.deps, ...run.dynamicDeps].map((s) => [s, resolve(s)]));
  const onlyDynamic = run.dynamicDeps.filter((s) => !run.deps.includes(s));
  const lines = [
    `export const imports = ${JSON.stringify(imports)}; export const dynamicImports = ${JSON.stringify(onlyDynamic)};`,
    'export default async (__vite_ssr_exports__, __vite_ssr_import_meta__, __vite_ssr_import__, __vite_ssr_dynamic_import__, __vite_ssr_exportAll__) => {',
    `${run.code}};`,
    '',
  ];
  const { version, sources, names, mappings } = run.map!;
  const map = JSON.stringify({ version, sources, names, mappings: `;;${mappings}` });
  return { ...digested(lines.join('\n')), map };
};

export const digested = (content: string): { digest: string; content: string } => ({
  digest: `sha256-${createHash('sha256').update(content).digest('base64url')}`,
  content,
});
