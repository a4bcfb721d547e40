import type { EpochMs } from '@cd-push/protocol';
import { sql } from 'kysely';

import { ask, askEach, tell, type Work } from '../statements/work.ts';
import type { JournalRow } from './journal-row.ts';
import type { JournalStatements } from './tables.ts';

/** Keeps what proves which version followed which, when pushes and their contents are let go of. */
export interface PastWork {
  /** Takes down pushes of files, and the steps that they were, before they are let go of. */
  keep(positions: readonly { readonly position: number }[], steps: readonly StepKey[]): Work<void>;
  /**
   * Lets go of a part of that, from before a time and behind a place, unless it is among the latest of its resource.
   *
   * @returns where to go on, and whether younger ones alone follow.
   */
  prune(after: number, before: EpochMs): Work<{ readonly after: number; readonly isDone: boolean }>;
}

interface StepKey {
  readonly tenant: string;
  readonly environment: string;
  readonly resource: string;
  readonly version: number;
}

/** Statements of a resource that stay however old they are: whoever holds an older version is sent all of them at most. */
const chainLength = 1_000;
/** Pushes that are looked at at a time. */
const part = 500;

const keyShape = { tenant: 'text', environment: 'text', resource: 'text', version: 'integer' } as const;
const stepColumns = [
  'tenant',
  'environment',
  'resource',
  'version',
  'digest',
  'map_digest',
  'predecessor',
  'position',
] as const;
const pushColumns = [
  'position',
  'tenant',
  'guid',
  'sender',
  'sender_session',
  'accepted_at',
  'digest',
  'session',
  'certificate',
  'patches',
  'statement',
] as const;

export const pastWork = (statements: JournalStatements, row: JournalRow): PastWork => {
  const { tables } = statements;
  const keepPushes = statements.each('past-pushes', { position: 'integer' }, (input) =>
    tables
      .insertInto('past_pushes')
      .columns(pushColumns)
      .expression(
        tables
          .selectFrom(input)
          .innerJoin('pushes', 'pushes.position', 'input.position')
          .select((push) => pushColumns.map((column) => push.ref(`pushes.${column}`).$notNull().as(column)))
          .where('pushes.statement', 'is not', sql.lit(null)),
      ),
  );
  const keepSteps = statements.each('past-steps', keyShape, (input) =>
    tables
      .insertInto('past_steps')
      .columns(stepColumns)
      .expression(
        tables
          .selectFrom(input)
          .innerJoin('steps', (join) =>
            join
              .onRef('steps.tenant', '=', 'input.tenant')
              .onRef('steps.environment', '=', 'input.environment')
              .onRef('steps.resource', '=', 'input.resource')
              .onRef('steps.version', '=', 'input.version'),
          )
          .select(stepColumns.map((column) => `steps.${column}` as const)),
      ),
  );
  const selectPast = statements.one('past-select', { after: 'integer', limit: 'integer' }, (input) =>
    tables
      .selectFrom('past_pushes')
      .select(['position', 'accepted_at'])
      .where('position', '>', input.after)
      .orderBy('position')
      .limit(input.limit),
  );
  const selectSteps = statements.each('past-select-steps', { position: 'integer' }, (input) =>
    tables
      .selectFrom(input)
      .innerJoin('past_steps', 'past_steps.position', 'input.position')
      .select([
        'past_steps.tenant',
        'past_steps.environment',
        'past_steps.resource',
        'past_steps.version',
        'past_steps.position',
      ]),
  );
  const selectNeeded = statements.each('past-needed', { ...keyShape, position: 'integer' }, (input) =>
    tables
      .selectFrom(input)
      .select('input.position')
      .where((step) =>
        step(
          step
            .selectFrom('past_steps')
            .select('past_steps.version')
            .whereRef('past_steps.tenant', '=', 'input.tenant')
            .whereRef('past_steps.environment', '=', 'input.environment')
            .whereRef('past_steps.resource', '=', 'input.resource')
            .whereRef('past_steps.version', '>', 'input.version')
            .orderBy('past_steps.version')
            .limit(sql.lit(1))
            .offset(sql.lit(chainLength - 1)),
          'is',
          sql.lit(null),
        ),
      ),
  );
  const deleteSteps = statements.each('past-delete-steps', { position: 'integer' }, (input) =>
    tables.deleteFrom('past_steps').where('position', 'in', tables.selectFrom(input).select('position')),
  );
  const deletePushes = statements.each('past-delete-pushes', { position: 'integer' }, (input) =>
    tables.deleteFrom('past_pushes').where('position', 'in', tables.selectFrom(input).select('position')),
  );

  return {
    *keep(positions, steps) {
      yield* tell(keepPushes, positions);
      yield* tell(keepSteps, steps);
    },
    *prune(after, before) {
      yield* row.lock();
      const looked = yield* ask(selectPast, { after, limit: part });
      const old = looked.filter(({ accepted_at }) => accepted_at < before);
      const steps = yield* askEach(
        selectSteps,
        old.map(({ position }) => ({ position })),
      );
      const needed = new Set((yield* askEach(selectNeeded, steps)).map(({ position }) => position));
      const gone = old.flatMap(({ position }) => (needed.has(position) ? [] : [{ position }]));
      yield* tell(deleteSteps, gone);
      yield* tell(deletePushes, gone);
      return {
        after: looked.at(-1)?.position ?? after,
        isDone: looked.length < part || looked.every(({ accepted_at }) => accepted_at >= before),
      };
    },
  };
};
