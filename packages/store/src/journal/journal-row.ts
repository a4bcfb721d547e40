import { sql } from 'kysely';

import { ask, tell, type Work } from '../statements/work.ts';
import type { JournalStatements } from './tables.ts';

/** The one row that says how far the journal has come. */
export interface JournalRow {
  /** Epoch of the journal; the one that is offered where there is none yet. */
  epoch(offered: string): Work<string>;
  position(): Work<number>;
  /**
   * The same, and nobody else moves it until the commit: who writes behind it sees all that was written up to it, and no
   * place is ever seen before those below it.
   */
  lock(): Work<number>;
  advance(position: number): Work<void>;
  /** Up to where something may be missing. */
  pruned(): Work<number>;
  /** Something that stood at a place is let go of. */
  prune(position: number): Work<void>;
}

const id = 1;

export const journalRow = (statements: JournalStatements): JournalRow => {
  const { tables } = statements;
  const insert = statements.insertion('journal-insert', 'journal', (query) =>
    query.onConflict((conflict) => conflict.column('id').doNothing()),
  );
  const selectRow = tables
    .selectFrom('journal')
    .select(['epoch', 'position', 'pruned'])
    .where('id', '=', sql.lit(id));
  const select = statements.one('journal-select', {}, () => selectRow);
  const lock = statements.one('journal-lock', {}, () => statements.locked(selectRow));
  const update = statements.one('journal-update', { position: 'integer' }, ({ position }) =>
    tables.updateTable('journal').set({ position }).where('id', '=', sql.lit(id)),
  );
  const setPruned = statements.one('journal-prune', { pruned: 'integer' }, ({ pruned }) =>
    tables.updateTable('journal').set({ pruned }).where('id', '=', sql.lit(id)),
  );

  return {
    *epoch(offered) {
      yield* tell(insert, [{ id, epoch: offered, position: 0, pruned: 0 }]);
      return only(yield* ask(select, {})).epoch;
    },
    *position() {
      return only(yield* ask(select, {})).position;
    },
    *lock() {
      return only(yield* ask(lock, {})).position;
    },
    *advance(position) {
      yield* tell(update, [{ position }]);
    },
    *pruned() {
      return only(yield* ask(select, {})).pruned;
    },
    *prune(position) {
      if (position > only(yield* ask(select, {})).pruned) yield* tell(setPruned, [{ pruned: position }]);
    },
  };
};

const only = <Row>([row]: readonly Row[]): Row => {
  if (row === undefined) throw new Error('The journal has lost the row that says how far it has come.');
  return row;
};
