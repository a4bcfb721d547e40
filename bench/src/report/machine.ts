import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';

import { canPin } from '../participants/participant.ts';
import type { Machine } from './result.ts';

/** What a figure depends on besides the code: to be said with every figure. */
export const machineAt = (startedAt: Date, loadAtStart: number): Machine => ({
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  processor: cpus()[0]?.model ?? 'unknown',
  processors: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  pinned: canPin,
  fsync:
    'SQLite full: a push is on the disk before it counts as accepted; none where the name says undurable',
  commit: commitHere(),
  startedAt: startedAt.toISOString(),
  load: { start: loadAtStart, end: loadNow() },
});

export const loadNow = (): number => loadavg()[0] ?? 0;

const commitHere = (): string => {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : ' with changes'}`;
  } catch {
    return 'unknown';
  }
};
