import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';

import { Schema, whyNoPostgres } from '../databases/postgres.ts';
import { canPin, clientCpu, serverCpu } from '../participants/participant.ts';
import { plantVariable } from '../plants/planting.ts';
import type { Machine } from './result.ts';

/** What a figure depends on besides the code: to be said with every figure. */
export const machineAt = async (startedAt: Date, loadAtStart: number): Promise<Machine> => ({
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  processor: cpus()[0]?.model ?? 'unknown',
  processors: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  pinned: canPin ? { servers: serverCpu, clients: clientCpu } : null,
  fsync: {
    undurable: 'none: the journal is in memory',
    durable: 'SQLite, write-ahead log, synchronous=FULL before a push counts as accepted',
    postgres: (await whyNoPostgres()) ?? (await Schema.policy()),
  },
  commit: commitHere(),
  planted: process.env[plantVariable] ?? null,
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
