import type { AuditPlace } from '@cd-push/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';

import { verifyAudit } from '../src/index.ts';
import { AuditWriter } from './support/audit-writer.ts';

const nodes = ['relay-a', 'relay-b', 'api-c', 'relay-d'];
/** The same logs in every run; a log that fails is told with its own path, by which it is run again. */
const seeded = { seed: 20_251_120, numRuns: 400 };

type Step =
  | { readonly do: 'write' | 'tie'; readonly node: number }
  | { readonly do: 'prune'; readonly node: number; readonly count: number; readonly by: number };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('write' as const), node: fc.nat(3) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('tie' as const), node: fc.nat(3) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('prune' as const),
        node: fc.nat(3),
        count: fc.integer({ min: 1, max: 3 }),
        by: fc.nat(3),
      }),
    },
  ),
  { minLength: 2, maxLength: 40 },
);

/** A log of several nodes whose last row tells where all the others stand, as each node's does within a minute. */
const written = async (log: readonly Step[]): Promise<AuditWriter> => {
  const writer = new AuditWriter();
  const known = new Set<string>();
  const opened = async (node: string): Promise<void> => {
    if (known.has(node)) return;
    known.add(node);
    await writer.tie(node);
  };
  for (const step of log) {
    const node = nodes[step.node]!;
    await opened(node);
    if (step.do === 'write') await writer.write(node);
    if (step.do === 'tie') await writer.tie(node);
    if (step.do === 'prune') {
      await opened(nodes[step.by]!);
      // A node keeps its last row: whoever opens after it has to be able to name it.
      if (writer.kept(node) > step.count) await writer.prune(node, step.count, nodes[step.by]!);
    }
  }
  await opened('relay-a');
  await writer.tie('relay-a');
  return writer;
};

type Change = (rows: readonly string[]) => readonly string[];

const at = (rows: readonly unknown[], where: number): number => where % rows.length;
const nodeOf = (text: string): string => (JSON.parse(text) as { node: string }).node;

const changes: fc.Arbitrary<{ readonly name: string; readonly change: Change }> = fc.oneof(
  fc.record({ where: fc.nat(), character: fc.nat(), by: fc.integer({ min: 1, max: 90 }) }).map((given) => ({
    name: `edit ${JSON.stringify(given)}`,
    change: (rows: readonly string[]) => {
      const index = at(rows, given.where);
      const text = rows[index]!;
      const place = given.character % text.length;
      const character = String.fromCharCode(32 + ((text.charCodeAt(place) - 32 + given.by) % 95));
      return rows.with(index, text.slice(0, place) + character + text.slice(place + 1));
    },
  })),
  fc.nat().map((where) => ({
    name: `delete ${where}`,
    change: (rows: readonly string[]) => rows.toSpliced(at(rows, where), 1),
  })),
  fc.tuple(fc.nat(), fc.nat()).map(([one, other]) => ({
    name: `swap ${one} ${other}`,
    change: (rows: readonly string[]) =>
      rows.with(at(rows, one), rows[at(rows, other)]!).with(at(rows, other), rows[at(rows, one)]!),
  })),
  fc.tuple(fc.nat(), fc.nat()).map(([which, where]) => ({
    name: `duplicate ${which} ${where}`,
    change: (rows: readonly string[]) => rows.toSpliced(where % (rows.length + 1), 0, rows[at(rows, which)]!),
  })),
  fc.tuple(fc.nat(), fc.nat()).map(([which, where]) => ({
    name: `insert ${which} ${where}`,
    change: (rows: readonly string[]) =>
      rows.toSpliced(where % (rows.length + 1), 0, rows[at(rows, which)]!.replace('"at":1', '"at":2')),
  })),
  fc.tuple(fc.nat(), fc.nat()).map(([where, count]) => ({
    name: `cut ${where} ${count}`,
    change: (rows: readonly string[]) => {
      const node = nodeOf(rows[at(rows, where)]!);
      const own = rows.filter((text) => nodeOf(text) === node).length;
      const end = rows.findLastIndex((text) => nodeOf(text) === node) + 1;
      const gone = 1 + (count % own);
      return rows.toSpliced(end - gone, gone);
    },
  })),
);

const verified = async (rows: readonly string[], heads: readonly AuditPlace[]) =>
  verifyAudit(rows, { heads });

it('[AUDIT-9] a log of several nodes as it was written passes, proven by one head to its last row', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (log) => {
      const writer = await written(log);
      const { faults, chains } = await verified(writer.rows(), [writer.head('relay-a')]);
      expect(faults).toEqual([]);
      expect(chains.map(({ kind }) => kind)).toEqual(chains.map(() => 'proven'));
      expect((await verified(writer.rows(), [])).faults).toEqual([]);
    }),
    seeded,
  );
});

it('[AUDIT-6] [AUDIT-7] any single edit, deletion, swap, duplication, insertion or cut is found by one head', async () => {
  await fc.assert(
    fc.asyncProperty(steps, changes, async (log, { change }) => {
      const writer = await written(log);
      const rows = writer.rows();
      const changed = change(rows);
      if (changed.join('\n') === rows.join('\n')) return;
      const { faults } = await verified(changed, [writer.head('relay-a')]);
      expect(faults).not.toEqual([]);
      for (const { line, sequence } of faults) {
        expect(line ?? 1).toBeGreaterThanOrEqual(1);
        expect(sequence).toBeGreaterThanOrEqual(0);
      }
    }),
    { ...seeded, numRuns: 3000 },
  );
});
