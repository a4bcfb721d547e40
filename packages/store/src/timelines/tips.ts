import type { Address, Tip } from '@cd-push/timeline';

import type { JournalStatements, JournalTables } from '../journal/tables.ts';
import type { Statement } from '../statements/statement.ts';
import { ask, askEach, tell, type Work } from '../statements/work.ts';

type TipRow = JournalTables['tips'];
type TipKey = Pick<TipRow, 'tenant' | 'timeline'>;

/** Keeps and reads tips of timelines. */
export interface TipWork {
  tip(tenant: string, timeline: Address): Work<Address | undefined>;
  /** As they stand; who is going to move one keeps the journal's row locked. */
  readonly select: Statement<TipKey, TipRow>;
  standing(timelines: readonly TipKey[]): Work<readonly TipRow[]>;
  page(tenant: string, after: Address | undefined, limit: number): Work<readonly Tip[]>;
  set(tips: readonly TipRow[]): Work<void>;
}

const tipShape = { tenant: 'text', timeline: 'text' } as const;

export const tipWork = (statements: JournalStatements): TipWork => {
  const { tables } = statements;
  const select = statements.each('tip-select', tipShape, (input) =>
    tables
      .selectFrom(input)
      .innerJoin('tips', (join) =>
        join.onRef('tips.tenant', '=', 'input.tenant').onRef('tips.timeline', '=', 'input.timeline'),
      )
      .selectAll('tips'),
  );
  const selectPage = statements.one(
    'tip-page',
    { tenant: 'text', after: 'text', limit: 'integer' },
    (input) =>
      tables
        .selectFrom('tips')
        .select(['timeline', 'tip'])
        .where('tenant', '=', input.tenant)
        .where('timeline', '>', input.after)
        .orderBy('timeline')
        .limit(input.limit),
  );
  const insert = statements.insertion('tip-set', 'tips', (query) =>
    query.onConflict((conflict) =>
      conflict.columns(['tenant', 'timeline']).doUpdateSet((row) => ({ tip: row.ref('excluded.tip') })),
    ),
  );

  function* standing(timelines: readonly TipKey[]): Work<readonly TipRow[]> {
    return yield* askEach(
      select,
      timelines.map(({ tenant, timeline }) => ({ tenant, timeline })),
    );
  }

  return {
    select,
    standing,
    *tip(tenant, timeline) {
      const [row] = yield* standing([{ tenant, timeline }]);
      return row && addressIn(row.tip);
    },
    *page(tenant, after, limit) {
      const rows = yield* ask(selectPage, { tenant, after: after ?? '', limit });
      return rows.map(({ timeline, tip }) => ({ timeline: addressIn(timeline), tip: addressIn(tip) }));
    },
    *set(tips) {
      // The last one of a timeline, since PostgreSQL writes no row twice in one statement.
      const last = new Map(tips.map((row) => [`${row.timeline} ${row.tenant}`, row]));
      yield* tell(insert, [...last.values()]);
    },
  };
};

/** What was written as an address. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else is written to these columns
export const addressIn = (text: string): Address => text as Address;
