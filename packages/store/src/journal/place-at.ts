import type { EpochMs } from '@cd-push/protocol';
import { sql } from 'kysely';

import { ask, type Work } from '../statements/work.ts';
import type { JournalStatements } from './tables.ts';

/** Offset of the last push that was accepted until a time, those that were let go of included; 0 where none is known. */
export type PlaceAtWork = (at: EpochMs, last: number) => Work<number>;

/**
 * Pushes are not found by their times: an index for that would be written with every one of them. They are accepted in the
 * order of their places, so that halving what is in question finds the place within some fifty looks.
 */
export const placeAtWork = (statements: JournalStatements): PlaceAtWork => {
  const { tables } = statements;
  const selectUpTo = (['pushes', 'past_pushes'] as const).map((table) =>
    statements.one(`place-up-to-${table}`, { position: 'integer' }, (input) =>
      tables
        .selectFrom(table)
        .select(['position', 'accepted_at'])
        .where('position', '<=', input.position)
        .orderBy('position', 'desc')
        .limit(sql.lit(1)),
    ),
  );
  const lastUpTo = function* (position: number): Work<{ position: number; accepted_at: number } | undefined> {
    const found: { position: number; accepted_at: number }[] = [];
    for (const select of selectUpTo) found.push(...(yield* ask(select, { position })));
    return found.toSorted((a, b) => b.position - a.position)[0];
  };

  return function* (at, last) {
    let low = 0;
    let high = last;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const push = yield* lastUpTo(middle);
      if (push !== undefined && push.accepted_at > at) high = push.position - 1;
      else low = middle;
    }
    return (yield* lastUpTo(low))?.position ?? 0;
  };
};
