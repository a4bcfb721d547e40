import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import type { MergeCase } from '../src/cases/merge-case.ts';

export const folder = (): string => mkdtempSync(join(tmpdir(), 'cd-push-merges-'));

export const written = (content: Uint8Array): string => {
  const file = join(folder(), 'cases.jsonl.gz');
  writeFileSync(file, content);
  return file;
};
export const zipped = (...lines: readonly string[]): string => written(gzipSync(lines.join('\n')));

/** A case that git merges; members may be others. */
export const caseOf = (more: Partial<MergeCase> = {}): MergeCase => ({
  path: 'a.js',
  base: 'a();\nb();\nc();\n',
  ours: 'A();\nb();\nc();\n',
  theirs: 'a();\nb();\nC();\n',
  git_clean: true,
  git_result: 'A();\nb();\nC();\n',
  human_result: 'A();\nb();\nC();\n',
  ...more,
});

/** One that git leaves to people. */
export const conflictOf = (more: Partial<MergeCase> = {}): MergeCase =>
  caseOf({
    base: 'a(1, 2);\n',
    ours: 'a(3, 2);\n',
    theirs: 'a(1, 4);\n',
    git_clean: false,
    git_result: null,
    human_result: 'a(3, 4);\n',
    ...more,
  });

export const fileOf = (...cases: readonly object[]): string =>
  zipped(...cases.map((given) => JSON.stringify(given)));

/** The command as a process of its own. */
export const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, '../src/main.ts'), ...args], { encoding: 'utf8' });
