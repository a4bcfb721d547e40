import type { EpochMs, OfferedEdit, SettleEdit } from '@cd-push/protocol';

import { readJson, writeJson } from '../journal/json-columns.ts';
import { recipientsUnder } from '../journal/recipients-under.ts';
import type { JournalRow } from '../journal/journal-row.ts';
import type { JournalStatements, JournalTables } from '../journal/tables.ts';
import type { EditPlace, KeptEdit, OpenEdits } from '../ports/edits.ts';
import { ask, tell, type Work } from '../statements/work.ts';

/** Keeps what was edited where it runs. Whatever changes takes a place of the journal, so that others hear of it there. */
export interface EditWork {
  put(tenant: string, edit: OfferedEdit): Work<KeptEdit>;
  settle(tenant: string, settlement: SettleEdit): Work<KeptEdit | undefined>;
  find(tenant: string, edit: string): Work<KeptEdit | undefined>;
  open(place: EditPlace, limit: number): Work<OfferedEdit[]>;
  openOf(tenant: string, runtime: string): Work<OpenEdits>;
  openUnder(tenant: string, credential: string): Work<OpenEdits>;
  prune(before: EpochMs): Work<void>;
}

export const editWork = (statements: JournalStatements, journal: JournalRow): EditWork => {
  const { tables } = statements;
  const select = statements.one('edit-select', { tenant: 'text', edit: 'text' }, (input) =>
    tables
      .selectFrom('edits')
      .select(['tenant', 'offered', 'settled'])
      .where('edit', '=', input.edit)
      .where('tenant', '=', input.tenant),
  );
  const insert = statements.insertion('edit-insert', 'edits');
  const setSettled = statements.one(
    'edit-settle',
    { tenant: 'text', edit: 'text', settled: 'text', position: 'integer' },
    ({ tenant, edit, settled, position }) =>
      tables
        .updateTable('edits')
        .set({ settled, position })
        .where('edit', '=', edit)
        .where('tenant', '=', tenant),
  );
  const selectOpen = statements.one(
    'edit-open',
    { tenant: 'text', environment: 'text', module: 'text', limit: 'integer' },
    (input) =>
      tables
        .selectFrom('edits')
        .select('offered')
        .where('tenant', '=', input.tenant)
        .where('environment', '=', input.environment)
        .where('module', '=', input.module)
        .where('settled', 'is', null)
        .orderBy('position')
        .limit(input.limit),
  );
  const selectOpenOf = statements.one('edit-open-of', { tenant: 'text', runtime: 'text' }, (input) =>
    tables
      .selectFrom('edits')
      .select('length')
      .where('tenant', '=', input.tenant)
      .where('runtime', '=', input.runtime)
      .where('settled', 'is', null),
  );
  const selectOpenUnder = statements.one(
    'edit-open-under',
    { tenant: 'text', first: 'text', last: 'text' },
    (input) =>
      tables
        .selectFrom('edits')
        .select('length')
        .where('tenant', '=', input.tenant)
        .where('runtime', '>=', input.first)
        .where('runtime', '<=', input.last)
        .where('settled', 'is', null),
  );
  const deleteOld = statements.one('edit-prune', { before: 'integer' }, ({ before }) =>
    tables.deleteFrom('edits').where('at', '<', before),
  );

  function* find(tenant: string, edit: string): Work<KeptEdit | undefined> {
    const [row] = yield* ask(select, { tenant, edit });
    return row && keptEdit(row);
  }

  return {
    find,
    *put(tenant, edit) {
      const place = (yield* journal.lock()) + 1;
      const known = yield* find(tenant, edit.edit);
      if (known !== undefined) return known;
      const { environment, resource, runtime, at, text } = edit;
      yield* tell(insert, [
        {
          tenant,
          edit: edit.edit,
          environment,
          module: resource.split('/', 2)[1] ?? '',
          runtime,
          at,
          length: text.length,
          settled: null,
          position: place,
          offered: writeJson('offered', edit),
        },
      ]);
      yield* journal.advance(place);
      return { tenant, edit, settled: undefined };
    },
    *settle(tenant, settlement) {
      const place = (yield* journal.lock()) + 1;
      const known = yield* find(tenant, settlement.edit);
      if (known === undefined || known.settled !== undefined) return known;
      const settled = writeJson('settled', settlement);
      yield* tell(setSettled, [{ tenant, edit: settlement.edit, settled, position: place }]);
      yield* journal.advance(place);
      return known;
    },
    *open({ tenant, environment, module }, limit) {
      const rows = yield* ask(selectOpen, { tenant, environment, module, limit });
      return rows.map(({ offered }) => readJson('offered', offered));
    },
    *openOf(tenant, runtime) {
      return counted(yield* ask(selectOpenOf, { tenant, runtime }));
    },
    *openUnder(tenant, credential) {
      return counted(yield* ask(selectOpenUnder, { tenant, ...recipientsUnder(credential) }));
    },
    *prune(before) {
      yield* tell(deleteOld, [{ before }]);
    },
  };
};

const counted = (rows: readonly { readonly length: number }[]): OpenEdits => ({
  count: rows.length,
  length: rows.reduce((sum, { length }) => sum + length, 0),
});

export const keptEdit = ({
  tenant,
  offered,
  settled,
}: Pick<JournalTables['edits'], 'tenant' | 'offered' | 'settled'>): KeptEdit => ({
  tenant,
  edit: readJson('offered', offered),
  settled: settled === null ? undefined : readJson('settled', settled),
});
