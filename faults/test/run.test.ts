import { isReached } from '@cd-push/testing';
import { describe, expect, test } from 'vitest';

import type { Verdict } from '../src/checker/check.ts';
import { linesOf } from '../src/cli/report.ts';
import { requirePrograms } from '../src/processes/binaries.ts';
import { run } from '../src/run/run.ts';
import { rosterOf, usualCrowd, type StoreKind } from '../src/schedule/roster.ts';
import { scheduleOf } from '../src/schedule/schedule.ts';

/** Whatever a busy machine takes for it; nothing here depends on how fast it goes. */
const slow = 900_000;

const play = async (seed: number, store: StoreKind, nodes: number, count: number): Promise<Verdict> => {
  const roster = rosterOf(store, { nodes, ...usualCrowd });
  const schedule = scheduleOf(seed, roster);
  return run({
    seed,
    roster,
    rounds: Array.from({ length: count }, () => schedule.next().value),
    minutes: 60,
    signal: AbortSignal.timeout(slow),
    tell: { line: () => undefined, progress: () => undefined },
    beforeRemoval: () => 'remove',
  });
};

const expectClean = ({ summary, findings }: Verdict, rounds: number): void => {
  expect(linesOf(findings)).toEqual([]);
  expect(summary).toMatchObject({ lost: 0, doubled: 0, reordered: 0, phantom: 0, regressed: 0, rounds });
  expect(summary.checked).toBeGreaterThan(0);
};

const isThere = (store: StoreKind): Promise<boolean> =>
  isReached(`system that \`pnpm faults --store ${store}\` runs on`, async () => requirePrograms(store));
const [hasSqlite, hasPostgres] = [await isThere('sqlite'), await isThere('postgres')];

describe('what was accepted takes effect once everywhere, whatever is done meanwhile', () => {
  test.runIf(hasSqlite)('on an SQLite file', async () => expectClean(await play(3, 'sqlite', 1, 3), 3), slow);

  test.runIf(hasPostgres)(
    'on PostgreSQL and Redis, over two relays',
    async () => expectClean(await play(3, 'postgres', 2, 3), 3),
    slow,
  );
});
