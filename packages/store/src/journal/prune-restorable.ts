import type { EpochMs } from '@cd-push/protocol';
import { sql } from 'kysely';

import { askEach, type Work } from '../statements/work.ts';
import type { StepRow } from './patches.ts';
import type { JournalStatements } from './tables.ts';

/** What files may have to be taken back to. */
export interface Restorable {
  /** At most so many later versions has one that stays however old it is. */
  readonly versions: number;
  /** One that was in place at this time or later stays. */
  readonly before: EpochMs;
}

/** Of steps, the positions of those pushes that somebody may want to have back, however old they are. */
export type RestorableWork = (steps: readonly StepRow[], what: Restorable) => Work<ReadonlySet<number>>;

export const restorableWork = (statements: JournalStatements): RestorableWork => {
  const { tables } = statements;
  const compile = (versions: number) =>
    statements.each(
      `prune-restorable-${versions}`,
      {
        tenant: 'text',
        environment: 'text',
        resource: 'text',
        version: 'integer',
        position: 'integer',
        before: 'integer',
      },
      (input) =>
        tables
          .selectFrom(input)
          .select('input.position')
          .where((row) => {
            const later = row
              .selectFrom('steps')
              .whereRef('steps.tenant', '=', 'input.tenant')
              .whereRef('steps.environment', '=', 'input.environment')
              .whereRef('steps.resource', '=', 'input.resource')
              .whereRef('steps.version', '>', 'input.version')
              .orderBy('steps.version')
              .limit(sql.lit(1));
            return row.or([
              row(later.select('steps.version').offset(sql.lit(versions)), 'is', sql.lit(null)),
              row(
                later.innerJoin('pushes', 'pushes.position', 'steps.position').select('pushes.accepted_at'),
                '>=',
                row.ref('input.before'),
              ),
            ]);
          }),
    );
  /** One statement for each number that was asked for: it is written into the query, as an offset has to be. */
  const compiled = new Map<number, ReturnType<typeof compile>>();

  return function* (steps, { versions, before }) {
    const select = compiled.get(versions) ?? compile(versions);
    compiled.set(versions, select);
    const rows = yield* askEach(
      select,
      steps.map(({ tenant, environment, resource, version, position }) => ({
        tenant,
        environment,
        resource,
        version,
        position,
        before,
      })),
    );
    return new Set(rows.map(({ position }) => position));
  };
};
