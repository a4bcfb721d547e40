import { limits, type AuditEntry, type AuditPlace, type AuditRow, type EpochMs } from '@cd-push/protocol';

import { sql } from 'kysely';

import { ask, tell, type Work } from '../statements/work.ts';
import { textDigest } from '../text-digest.ts';
import type { AuditStatements } from './tables.ts';

/** Where a chain stands; undefined before its first row. */
type ChainHead = Pick<AuditPlace, 'sequence' | 'hash'> | undefined;

/** Work on the chains of an audit: this node's is written, all are read. */
export interface AuditChains {
  /** Writes rows behind the head, where nobody else writes meanwhile. */
  append(entries: readonly AuditEntry[]): Work<void>;
  /** Writes to this node's chain without a row, so that there is something to outlast what this commit outlasts. */
  touch(): Work<void>;
  /** The first row of a process: it names where the other chains stand. */
  open(at: EpochMs): Work<void>;
  rows(after: { readonly node: string; readonly sequence: number }, limit: number): Work<string[]>;
  heads(limit: number): Work<readonly AuditPlace[]>;
  /**
   * Lets go of rows from before a time, a part of each chain at a time, and writes down where the rest begins.
   *
   * @returns whether there may be more.
   */
  prune(before: EpochMs, at: EpochMs): Work<boolean>;
}

/** Rows of a chain that are let go of at a time. */
const part = 10_000;

export const auditChains = (statements: AuditStatements, node: string): AuditChains => {
  const { tables } = statements;
  const insertRows = statements.insertion('audit-insert', 'audit');
  const setChain = statements.insertion('audit-set-chain', 'audit_chains', (insert) =>
    insert.onConflict((conflict) =>
      conflict.column('node').doUpdateSet((row) => ({
        sequence: row.ref('excluded.sequence'),
        at: row.ref('excluded.at'),
        hash: row.ref('excluded.hash'),
      })),
    ),
  );
  const selectHead = statements.one('audit-head', { node: 'text' }, (input) =>
    tables.selectFrom('audit_chains').select(['sequence', 'hash']).where('node', '=', input.node),
  );
  // Rows are let go of from the beginning: where the last row is gone, all are.
  const livingChains = tables
    .selectFrom('audit_chains')
    .where((chain) =>
      chain.exists(
        chain
          .selectFrom('audit')
          .select(sql.lit(1).as('one'))
          .whereRef('audit.node', '=', 'audit_chains.node')
          .whereRef('audit.sequence', '=', 'audit_chains.sequence'),
      ),
    );
  const selectHeads = statements.one('audit-heads', { limit: 'integer' }, (input) =>
    livingChains
      .select(['node', 'sequence', 'hash'])
      .orderBy('at', 'desc')
      .orderBy('node', 'desc')
      .limit(input.limit),
  );
  // What is written as it stands already is no write to SQLite, which then waits for no disk.
  const touchChain = statements.one('audit-touch', { node: 'text' }, (input) =>
    tables
      .updateTable('audit_chains')
      .set((chain) => ({ at: chain('at', '+', sql.lit(1)) }))
      .where('node', '=', input.node),
  );
  const selectRows = statements.one(
    'audit-rows',
    { node: 'text', sequence: 'integer', limit: 'integer' },
    (input) =>
      tables
        .selectFrom('audit')
        .select('text')
        .where((row) => row(row.refTuple('node', 'sequence'), '>', row.tuple(input.node, input.sequence)))
        .orderBy('node')
        .orderBy('sequence')
        .limit(input.limit),
  );
  const lock = statements.tableLock('audit-lock', 'audit_chains');
  const selectFirstSince = statements.one('audit-first-since', { node: 'text', at: 'integer' }, (input) =>
    tables
      .selectFrom('audit')
      .select('sequence')
      .where('node', '=', input.node)
      .where('at', '>=', input.at)
      .orderBy('sequence')
      .limit(sql.lit(1)),
  );
  const selectLastBelow = statements.one('audit-last-below', { node: 'text', sequence: 'integer' }, (input) =>
    tables
      .selectFrom('audit')
      .select(['node', 'sequence', 'hash'])
      .where('node', '=', input.node)
      .where('sequence', '<', input.sequence)
      .orderBy('sequence', 'desc')
      .limit(sql.lit(1)),
  );
  const deleteUpTo = statements.one('audit-delete', { node: 'text', sequence: 'integer' }, (input) =>
    tables.deleteFrom('audit').where('node', '=', input.node).where('sequence', '<=', input.sequence),
  );

  // Of several nodes that let go of rows, one may have gone further already.
  const setCut = statements.insertion('audit-set-cut', 'audit_cuts', (insert) =>
    insert.onConflict((conflict) =>
      conflict
        .column('node')
        .doUpdateSet((row) => ({
          sequence: row.ref('excluded.sequence'),
          at: row.ref('excluded.at'),
          hash: row.ref('excluded.hash'),
        }))
        .where((row) => row('excluded.sequence', '>', row.ref('audit_cuts.sequence'))),
    ),
  );
  // No row that is still there is old enough to name a row of a chain that was gone by then.
  const deleteCuts = statements.one('audit-delete-cuts', { before: 'integer' }, (input) =>
    tables
      .deleteFrom('audit_cuts')
      .where('at', '<', input.before)
      .where('node', 'not in', livingChains.select('node')),
  );
  // If its node still lives, it begins anew.
  const deleteChains = statements.one('audit-delete-chains', {}, () =>
    tables
      .deleteFrom('audit_chains')
      .where('node', 'not in', livingChains.select('node'))
      .where('node', 'not in', tables.selectFrom('audit_cuts').select('audit_cuts.node')),
  );
  const selectCuts = statements.one('audit-cuts', {}, () =>
    tables.selectFrom('audit_cuts').select(['node', 'sequence', 'hash']).orderBy('node'),
  );

  function* head(): Work<ChainHead> {
    const [row] = yield* ask(selectHead, { node });
    return row;
  }

  function* heads(limit: number): Work<readonly AuditPlace[]> {
    return (yield* ask(selectHeads, { limit })).map(placeOf);
  }

  function* append(entries: readonly AuditEntry[]): Work<void> {
    if (entries.length === 0) return;
    const rows = chain(node, yield* head(), entries);
    yield* tell(insertRows, rows);
    yield* tell(setChain, rows.slice(-1));
  }

  return {
    heads,
    append,
    *touch() {
      yield* tell(touchChain, [{ node }]);
    },
    *open(at) {
      const others = (yield* heads(limits.auditHeads)).filter((place) => place.node !== node);
      yield* append([{ at, event: 'opened', who: null, outcome: 'ok', heads: others }]);
    },
    *rows(after, limit) {
      const rows = yield* ask(selectRows, { ...after, limit });
      return rows.map(({ text }) => text);
    },
    *prune(before, at) {
      let isCut = false;
      let isWhole = true;
      // No row that tells of a cut is cut off unseen.
      yield* lock();
      for (const { node: name, sequence: latest } of yield* heads(Number.MAX_SAFE_INTEGER)) {
        const [first] = yield* ask(selectFirstSince, { node: name, at: 0 });
        const [kept] = yield* ask(selectFirstSince, { node: name, at: before });
        const end = kept?.sequence ?? latest + 1;
        const sequence = Math.min(end, (first?.sequence ?? 0) + part);
        const [last] = yield* ask(selectLastBelow, { node: name, sequence });
        if (last === undefined) continue;
        yield* tell(deleteUpTo, [last]);
        yield* tell(setCut, [{ ...last, at }]);
        isCut = true;
        isWhole &&= sequence === end;
      }
      if (!isCut) return false;
      yield* tell(deleteCuts, [{ before: Math.min(before, at) }]);
      yield* tell(deleteChains, [{}]);
      const cuts = yield* ask(selectCuts, {});
      yield* append([{ at, event: 'pruned', who: null, outcome: 'ok', heads: cuts.map(placeOf) }]);
      return !isWhole;
    },
  };
};

const placeOf = ({ node, sequence, hash }: AuditPlace): AuditPlace => ({ node, sequence, hash });

const chain = (node: string, head: ChainHead, entries: readonly AuditEntry[]) => {
  let { sequence, hash } = head ?? { sequence: 0, hash: null };
  return entries.map((entry) => {
    sequence += 1;
    const row: AuditRow = { v: 1, node, sequence, previous: hash, ...entry };
    const text = JSON.stringify(row);
    const digest = textDigest(text);
    hash = digest;
    return { node, sequence, at: entry.at, hash: digest, text };
  });
};
