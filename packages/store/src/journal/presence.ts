import {
  branded,
  epochMs,
  targetKey,
  type EpochMs,
  type Policy,
  type RecipientId,
  type RuntimeHello,
} from '@cd-push/protocol';
import { sql } from 'kysely';

import type { Group, Presence } from '../ports/journal.ts';
import { ask, askEach, tell, type Work } from '../statements/work.ts';
import { readJson, writeJson } from './json-columns.ts';
import type { JournalStatements, JournalTables } from './tables.ts';

/** Who is connected where, and what holds there. */
export interface PresenceWork {
  /** @returns whether anything was changed. */
  write(group: Pick<Group, 'presence' | 'departed' | 'gone' | 'policies'>, position: number): Work<boolean>;
  all(): Work<Presence[]>;
  policies(tenant: string): Work<Policy[]>;
  beat(node: string, at: EpochMs, deadBefore: EpochMs): Work<string[]>;
}

export const presenceWork = (statements: JournalStatements): PresenceWork => {
  const { tables } = statements;
  const set = statements.insertion('presence-set', 'presence', (insert) =>
    insert.onConflict((conflict) =>
      conflict.columns(['tenant', 'recipient']).doUpdateSet((row) => ({
        node: row.ref('excluded.node'),
        kind: row.ref('excluded.kind'),
        since: row.ref('excluded.since'),
        is_gone: row.ref('excluded.is_gone'),
        position: row.ref('excluded.position'),
      })),
    ),
  );
  const depart = statements.each(
    'presence-depart',
    { tenant: 'text', recipient: 'text', node: 'text', at: 'integer', position: 'integer' },
    (input) =>
      tables
        .updateTable('presence')
        .from(input)
        .set((row) => ({
          node: sql.lit(null),
          since: row.ref('input.at'),
          position: row.ref('input.position'),
        }))
        .whereRef('presence.tenant', '=', 'input.tenant')
        .whereRef('presence.recipient', '=', 'input.recipient')
        .whereRef('presence.node', '=', 'input.node')
        .returning('presence.recipient'),
  );
  const leave = statements.each(
    'presence-leave',
    { tenant: 'text', recipient: 'text', position: 'integer' },
    (input) =>
      tables
        .updateTable('presence')
        .from(input)
        .set((row) => ({ is_gone: sql.lit(1), position: row.ref('input.position') }))
        .whereRef('presence.tenant', '=', 'input.tenant')
        .whereRef('presence.recipient', '=', 'input.recipient')
        .where('presence.node', 'is', sql.lit(null))
        .where('presence.is_gone', '=', sql.lit(0))
        .returning('presence.recipient'),
  );
  const setPolicies = statements.insertion('policies-set', 'policies', (insert) =>
    insert.onConflict((conflict) =>
      conflict.columns(['tenant', 'target']).doUpdateSet((row) => ({
        policy: row.ref('excluded.policy'),
        position: row.ref('excluded.position'),
      })),
    ),
  );
  const select = statements.one('presence-select', {}, () =>
    tables
      .selectFrom('presence')
      .selectAll()
      .where('is_gone', '=', sql.lit(0))
      .orderBy('tenant')
      .orderBy('recipient'),
  );
  const selectPolicies = statements.one('policies-select', { tenant: 'text' }, (input) =>
    tables.selectFrom('policies').select('policy').where('tenant', '=', input.tenant).orderBy('target'),
  );
  const beat = statements.one('nodes-beat', { node: 'text', at: 'integer' }, (input) =>
    tables
      .insertInto('nodes')
      .values({ node: input.node, at: statements.clock(input.at) })
      .onConflict((conflict) =>
        conflict.column('node').doUpdateSet((row) => ({ at: row.ref('excluded.at') })),
      ),
  );
  const selectDead = statements.one('nodes-dead', { at: 'integer', silentMs: 'integer' }, (input) =>
    tables
      .selectFrom('presence')
      .leftJoin('nodes', 'nodes.node', 'presence.node')
      .select((row) => row.ref('presence.node').$notNull().as('node'))
      .distinct()
      .where('presence.node', 'is not', sql.lit(null))
      .where((row) =>
        row.or([
          row('nodes.at', 'is', sql.lit(null)),
          row('nodes.at', '<', row(statements.clock(input.at), '-', input.silentMs)),
        ]),
      )
      .orderBy('presence.node'),
  );

  return {
    *write({ presence, departed, gone, policies }, position) {
      const rows = new Map<string, JournalTables['presence']>();
      for (const { tenant, recipient, node, kind, since } of presence) {
        rows.set(`${recipient} ${tenant}`, { tenant, recipient, node, kind, since, is_gone: 0, position });
      }
      yield* tell(set, [...rows.values()]);
      const left = yield* askEach(
        depart,
        departed.map((departure) => ({ ...departure, position })),
      );
      const lost = yield* askEach(
        leave,
        gone.map((one) => ({ ...one, position })),
      );
      const targets = new Map<string, JournalTables['policies']>();
      for (const { tenant, policy } of policies) {
        const target = targetKey(policy.target);
        targets.set(`${target} ${tenant}`, { tenant, target, policy: writeJson('policy', policy), position });
      }
      yield* tell(setPolicies, [...targets.values()]);
      return rows.size + left.length + lost.length + targets.size > 0;
    },
    *all() {
      return (yield* ask(select, {})).map(presenceOf);
    },
    *policies(tenant) {
      return (yield* ask(selectPolicies, { tenant }))
        .map(({ policy }) => readJson('policy', policy))
        .filter(({ isOver }) => isOver !== true);
    },
    *beat(node, at, deadBefore) {
      yield* tell(beat, [{ node, at }]);
      const dead = yield* ask(selectDead, { at, silentMs: at - deadBefore });
      return dead.map((row) => row.node);
    },
  };
};

export const presenceOf = ({
  tenant,
  recipient,
  node,
  kind,
  since,
}: JournalTables['presence']): Presence => ({
  tenant,
  recipient: branded<RecipientId>(recipient),
  node,
  kind: kindOf(kind),
  since: epochMs(since),
});

const kindOf = (text: string): RuntimeHello['kind'] => {
  if (text === 'browser' || text === 'node') return text;
  throw new Error(`The journal knows no runtime of kind "${text}".`);
};
