import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, deflateRawSync, zstdCompressSync } from 'node:zlib';

import { diffLines } from 'diff';

/** What others make of a change from one text to another, in bytes; undefined for what is not on this machine. */
export type Sizes = Readonly<Record<'zstd' | 'lines' | 'xdelta3', number | undefined>>;

/** How hard zstd tries: fast, and as hard as it can. */
const zstdLevels = [3, 19];
/** Secondary compressions of xdelta3; it has no best one for all. */
const xdelta3Coders = ['none', 'djw', 'fgk', 'lzma'];

export const hasXdelta3 = spawnSync('xdelta3', ['-V']).error === undefined;

/** Each at its best: zstd with the old text as a dictionary, differing lines deflated, xdelta3 with any of its coders. */
export const referenceSizes = (before: string, after: string): Sizes => ({
  zstd: Math.min(...zstdLevels.map((level) => zstdSize(before, after, level))),
  lines: linesSize(before, after),
  xdelta3: hasXdelta3 ? xdelta3Size(before, after) : undefined,
});

export const smallest = (sizes: Sizes): number =>
  Math.min(...Object.values(sizes).filter((size) => size !== undefined));

const zstdSize = (before: string, after: string, level: number): number =>
  zstdCompressSync(Buffer.from(after), {
    dictionary: Buffer.from(before),
    params: { [constants.ZSTD_c_compressionLevel]: level },
  }).length;

/** As numbers of lines that stay and go, and the lines that come. */
const linesSize = (before: string, after: string): number => {
  const edits = diffLines(before, after).map(({ added, removed, count, value }) =>
    added ? value : removed ? -count : count,
  );
  const text = Buffer.from(JSON.stringify(edits));
  return Math.min(text.length, deflateRawSync(text, { level: 9 }).length);
};

/** Without names of files and without a checksum. */
const xdelta3Size = (before: string, after: string): number => {
  const folder = mkdtempSync(join(tmpdir(), 'cd-push-bench-'));
  try {
    writeFileSync(join(folder, 'before'), before);
    writeFileSync(join(folder, 'after'), after);
    const sizes = xdelta3Coders.map((coder) => {
      const args = ['-e', '-9', '-A', '-n', '-f', '-S', coder, '-s', 'before', 'after', 'delta'];
      const { status, error } = spawnSync('xdelta3', args, { cwd: folder });
      if (status !== 0) throw new Error(`xdelta3 -S ${coder} ended with ${status}.`, { cause: error });
      return readFileSync(join(folder, 'delta')).length;
    });
    return Math.min(...sizes);
  } finally {
    rmSync(folder, { recursive: true });
  }
};
