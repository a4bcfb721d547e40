import type { EpochMs } from '@cd-push/protocol';
import { sql } from 'kysely';

import { ask, tell, type Work } from '../statements/work.ts';
import type { JournalRow } from './journal-row.ts';
import { readJson } from './json-columns.ts';
import { textUseMs } from './offers.ts';
import { pastWork, type PastWork } from './past.ts';
import { contentPruning, type ContentPruning } from './prune-contents.ts';
import { pushPruning, type PushPruning } from './prune-pushes.ts';
import type { JournalStatements } from './tables.ts';

/** Lets go of what nobody needs any more, a part at a time, so that nobody waits long for it. */
export interface PruneWork extends Pick<ContentPruning, 'uploads' | 'contents'> {
  readonly pushes: PushPruning;
  readonly past: PastWork['prune'];
  /**
   * What may be left of pushes, recipients and nodes from before a time.
   *
   * @param until the place of the journal behind which all is younger.
   */
  traces(before: EpochMs, until: number): Work<void>;
}

export const pruneWork = (statements: JournalStatements, row: JournalRow): PruneWork => {
  const { tables } = statements;
  const contents = contentPruning(statements, row);
  const past = pastWork(statements, row);
  // Whatever names a text is younger than its last use is known to be, or is among the few old pushes that stay.
  const deleteTexts = statements.one('prune-texts', { unusedSince: 'integer', until: 'integer' }, (input) =>
    tables
      .deleteFrom('texts')
      .where('used_at', '<', input.unusedSince)
      .where('digest', 'not in', (text) =>
        text
          .selectFrom('pushes')
          .select((push) => push.ref('certificate').$notNull().as('digest'))
          .where('position', '<=', input.until)
          .where('certificate', 'is not', sql.lit(null)),
      )
      .where('digest', 'not in', (text) =>
        text
          .selectFrom('pushes')
          .select((push) => push.ref('relay_certificate').$notNull().as('digest'))
          .where('position', '<=', input.until)
          .where('relay_certificate', 'is not', sql.lit(null)),
      )
      .where((text) =>
        text.not(
          text.exists(
            text
              .selectFrom('past_pushes')
              .select(sql.lit(1).as('one'))
              .whereRef('past_pushes.certificate', '=', 'texts.digest'),
          ),
        ),
      ),
  );
  const deleteGone = statements.one('prune-gone', { before: 'integer' }, (input) =>
    tables.deleteFrom('presence').where('is_gone', '=', sql.lit(1)).where('since', '<', input.before),
  );
  const deleteNodes = statements.one('prune-nodes', { before: 'integer' }, (input) =>
    tables
      .deleteFrom('nodes')
      .where('at', '<', input.before)
      .where('node', 'not in', (node) =>
        node
          .selectFrom('presence')
          .select((one) => one.ref('presence.node').$notNull().as('node'))
          .where('presence.node', 'is not', sql.lit(null)),
      ),
  );

  // Its last member, as JSON writes it: within a text the quotes would be escaped.
  const selectOver = statements.one('prune-select-policies', {}, () =>
    tables
      .selectFrom('policies')
      .select(['tenant', 'target', 'policy'])
      .where('policy', 'like', sql.lit('%,"isOver":true}')),
  );
  const deletePolicies = statements.each('prune-policies', { tenant: 'text', target: 'text' }, (input) =>
    tables
      .deleteFrom('policies')
      .where((one) =>
        one(
          one.refTuple('tenant', 'target'),
          'in',
          one.selectFrom(input).select(['input.tenant', 'input.target']).$asTuple('tenant', 'target'),
        ),
      ),
  );

  return {
    ...contents,
    pushes: pushPruning(statements, row, contents, past),
    *past(after, before) {
      return yield* past.prune(after, before);
    },
    *traces(before, until) {
      yield* row.lock();
      yield* tell(deleteTexts, [{ unusedSince: before - textUseMs, until }]);
      yield* tell(deleteGone, [{ before }]);
      yield* tell(deleteNodes, [{ before }]);
      const over = yield* ask(selectOver, {});
      yield* tell(
        deletePolicies,
        over
          .filter(({ policy }) => readJson('policy', policy).at < before)
          .map(({ tenant, target }) => ({ tenant, target })),
      );
    },
  };
};
