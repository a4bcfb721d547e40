import { branded, type RecipientId } from '@cd-push/protocol';
import { sql } from 'kysely';

import { keptEdit } from '../edits/edits.ts';
import type { Written } from '../ports/journal.ts';
import { ask, type Work } from '../statements/work.ts';
import { readJson } from './json-columns.ts';
import { presenceOf } from './presence.ts';
import { trackOf, type FactColumns } from './push-columns.ts';
import { factColumns } from './pushes.ts';
import type { JournalStatements } from './tables.ts';

/** What was written after a place, with the pushes as their rows. */
export type WrittenWork = (
  after: number,
  limit: number,
) => Work<Omit<Written, 'pushes'> & { readonly pushes: readonly FactColumns[] }>;

const rangeShape = { after: 'integer', until: 'integer' } as const;

export const writtenWork = (statements: JournalStatements): WrittenWork => {
  const { tables } = statements;
  // The journal's own place first: whatever is seen of the tables afterwards, they hold everything up to it.
  const selectPlaces = statements.one('written-places', { after: 'integer', skip: 'integer' }, (input) =>
    tables
      .selectFrom('journal')
      .select((row) => [
        'journal.position as last',
        row
          .selectFrom('pushes')
          .select('position')
          .where('position', '>', input.after)
          .orderBy('position')
          .limit(sql.lit(1))
          .offset(input.skip)
          .as('pushes'),
        row
          .selectFrom('tracks')
          .select('moved')
          .where('moved', '>', input.after)
          .orderBy('moved')
          .limit(sql.lit(1))
          .offset(input.skip)
          .as('moves'),
        row
          .selectFrom('presence')
          .select('presence.position')
          .where('presence.position', '>', input.after)
          .orderBy('presence.position')
          .limit(sql.lit(1))
          .offset(input.skip)
          .as('presence'),
        row
          .selectFrom('policies')
          .select('policies.position')
          .where('policies.position', '>', input.after)
          .orderBy('policies.position')
          .limit(sql.lit(1))
          .offset(input.skip)
          .as('policies'),
        row
          .selectFrom('edits')
          .select('edits.position')
          .where('edits.position', '>', input.after)
          .orderBy('edits.position')
          .limit(sql.lit(1))
          .offset(input.skip)
          .as('edits'),
      ]),
  );
  const selectPushes = statements.one('written-pushes', rangeShape, (input) =>
    tables
      .selectFrom('pushes')
      .leftJoin('texts as certificate', 'certificate.digest', 'pushes.certificate')
      .select(factColumns)
      .where('pushes.position', '>', input.after)
      .where('pushes.position', '<=', input.until)
      .orderBy('pushes.position'),
  );
  const selectMoves = statements.one('written-moves', rangeShape, (input) =>
    tables
      .selectFrom('tracks')
      .select((row) => ['push', 'recipient', 'attempt', 'state', row.ref('moved').$notNull().as('moved')])
      .where('moved', '>', input.after)
      .where('moved', '<=', input.until)
      .orderBy('moved')
      .orderBy('push')
      .orderBy('ordinal'),
  );
  const selectPresence = statements.one('written-presence', rangeShape, (input) =>
    tables
      .selectFrom('presence')
      .selectAll()
      .where('position', '>', input.after)
      .where('position', '<=', input.until)
      .orderBy('position')
      .orderBy('tenant')
      .orderBy('recipient'),
  );
  const selectPolicies = statements.one('written-policies', rangeShape, (input) =>
    tables
      .selectFrom('policies')
      .select(['tenant', 'policy'])
      .where('position', '>', input.after)
      .where('position', '<=', input.until)
      .orderBy('position')
      .orderBy('target'),
  );

  const selectEdits = statements.one('written-edits', rangeShape, (input) =>
    tables
      .selectFrom('edits')
      .select(['tenant', 'offered', 'settled'])
      .where('position', '>', input.after)
      .where('position', '<=', input.until)
      .orderBy('position'),
  );

  return function* (after, limit) {
    const [places] = yield* ask(selectPlaces, { after, skip: limit - 1 });
    const { last = after, ...ends } = places ?? {};
    // What shares a place is told together, so that no place is told in part.
    const until = Object.values(ends).reduce((least: number, end) => Math.min(least, end ?? least), last);
    if (until <= after) return { ...nothing, offset: Math.min(after, last) };
    const range = { after, until };
    const pushes = yield* ask(selectPushes, range);
    const moves = yield* ask(selectMoves, range);
    const presence = yield* ask(selectPresence, range);
    const policies = yield* ask(selectPolicies, range);
    const edits = yield* ask(selectEdits, range);
    return {
      pushes,
      moves: moves.map((row) => ({
        push: row.push,
        recipient: branded<RecipientId>(row.recipient),
        track: trackOf(row),
        offset: row.moved,
      })),
      presence: presence.filter(({ is_gone }) => is_gone === 0).map(presenceOf),
      gone: presence
        .filter(({ is_gone }) => is_gone !== 0)
        .map(({ tenant, recipient }) => ({ tenant, recipient: branded<RecipientId>(recipient) })),
      policies: policies.map(({ tenant, policy }) => ({ tenant, policy: readJson('policy', policy) })),
      edits: edits.map(keptEdit),
      offset: until,
    };
  };
};

const nothing = { pushes: [], moves: [], presence: [], gone: [], policies: [], edits: [] };
