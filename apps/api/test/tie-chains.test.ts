import { epochMs, type AuditEntry, type AuditPlace } from '@cd-push/protocol';
import type { AuditLog } from '@cd-push/store';
import { expect, onTestFinished, test, vi } from 'vitest';

import { tieChains } from '../src/audit/tie-chains.ts';

const place = (node: string, sequence: number): AuditPlace => ({ node, sequence, hash: `sha256-${node}` });

/** An audit whose chains stand where the test says, and a minute that passes when it says. */
const start = (others: readonly AuditPlace[]) => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let written = 1;
  let isAway = false;
  const appended: AuditEntry[] = [];
  const failures: unknown[] = [];
  const audit: AuditLog = {
    node: 'api-own',
    append: async (entries) => {
      appended.push(...entries);
      written += entries.length;
    },
    settle: async () => {},
    rows: async () => [],
    heads: async () => {
      if (isAway) throw new Error('the database is away');
      return [place('api-own', written), ...others];
    },
    prune: async () => {},
  };
  onTestFinished(
    tieChains(
      audit,
      () => epochMs(5),
      (error) => failures.push(error),
    ),
  );
  return {
    appended,
    failures,
    write: () => void (written += 1),
    away: (is: boolean) => void (isAway = is),
    minute: () => vi.advanceTimersByTimeAsync(60_000),
  };
};

test('[AUDIT-7] a minute after something was written, the others’ chains are named, and once', async () => {
  const others = [place('api-other', 7)];
  const { appended, minute, write } = start(others);
  await minute();
  expect(appended).toEqual([{ at: 5, event: 'heads', who: null, outcome: 'ok', heads: others }]);
  await minute();
  expect(appended).toHaveLength(1);
  write();
  await minute();
  expect(appended).toHaveLength(2);
});

test('where there is no other chain nothing is named', async () => {
  const { appended, minute } = start([]);
  await minute();
  expect(appended).toEqual([]);
});

test('what could not be named is named a minute later', async () => {
  const { appended, failures, away, minute } = start([place('api-other', 7)]);
  away(true);
  await minute();
  expect([appended.length, failures.length]).toEqual([0, 1]);
  away(false);
  await minute();
  expect(appended).toHaveLength(1);
});
