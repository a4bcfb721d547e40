import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { digestOf } from '@cd-push/timeline';
import { transformWithOxc } from 'vite';

import { drawFrom } from './draw.ts';
import { savesOf } from './edits.ts';

/** One version of a file as it is pushed. */
export interface Version {
  readonly content: string;
  readonly map: string | undefined;
}

/** A real file of this repository, as it was before and after each of so many saves. */
export interface History {
  readonly name: string;
  readonly versions: readonly Version[];
}

/** Of each kind: style, text, modules, which travel with source maps, and one larger than what DEFLATE looks back on. */
const files = [
  'examples/hello-shell/src/app.css',
  'docs/architecture.md',
  'apps/relay/src/catch-up/aims.ts',
  'apps/shell-runtime/src/modules/transaction.ts',
  'packages/client/src/connection/connection.ts',
  'pnpm-lock.yaml',
];
/** Where lines come from that somebody writes. */
const donorFiles = ['packages/client/src/publisher/publisher.ts', 'apps/relay/src/journal/journal.ts'];
const longestLine = 160;

/** Real files with so many saves that somebody might have made; the same ones from the same seed. */
export const historiesOf = async (saves: number, seed: number): Promise<History[]> => {
  const donors = donorFiles.flatMap((file) =>
    textOf(file)
      .split('\n')
      .filter(({ length }) => length <= longestLine),
  );
  const histories: History[] = [];
  for (const [index, file] of files.entries()) {
    const read = file.endsWith('.ts') ? moduleOf : plain;
    const texts = await savesOf(textOf(file), saves, {
      draw: drawFrom(seed + index),
      donors,
      accepts: async (text) => (await read(text)) !== undefined,
    });
    const versions = await Promise.all(texts.map(read));
    histories.push({ name: file, versions: versions.filter((version) => version !== undefined) });
  }
  return histories;
};

const textOf = (file: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../${file}`, import.meta.url)), 'utf8');

type Read = (text: string) => Promise<Version | undefined>;

const plain: Read = async (content) => ({ content, map: undefined });

/** As `cd-cli` pushes it: without types, with a source map whose name stands at its end; undefined for what is no module. */
const moduleOf: Read = async (text) => {
  try {
    const { code, map: whole } = await transformWithOxc(text, 'module.ts', { sourcemap: true });
    if (whole === undefined) throw new TypeError('There is no source map.');
    const map = JSON.stringify({ ...whole, sources: ['module.ts'], sourcesContent: undefined });
    return { content: `${code}\n//# sourceMappingURL=${await digestOf(map)}.map\n`, map };
  } catch {
    return undefined;
  }
};
