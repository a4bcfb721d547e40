import { branded, type EpochMs, type RecipientId } from '@cd-push/protocol';
import { sql } from 'kysely';

import type { AcceptedPush, ListedPush, StoredPush } from '../ports/push.ts';
import { ask, askEach, type Work } from '../statements/work.ts';
import { envelopeOf, listedPush, storedPush, type FactColumns } from './push-columns.ts';
import { endRank } from './ranks.ts';
import { recipientsUnder } from './recipients-under.ts';
import type { JournalStatements } from './tables.ts';

/** Reads pushes as they stand. */
export interface PushWork {
  find(tenant: string, guid: string): Work<StoredPush | undefined>;
  at(positions: readonly number[]): Work<StoredPush[]>;
  factsAt(positions: readonly number[]): Work<ListedPush[]>;
  envelope(position: number): Work<AcceptedPush['envelope'] | undefined>;
  openFor(tenant: string, recipients: readonly RecipientId[]): Work<StoredPush[]>;
  openOffsets(tenant: string, recipients: readonly RecipientId[]): Work<number[]>;
  openOffsetsUnder(tenant: string, credential: string): Work<number[]>;
  overdue(at: EpochMs, limit: number): Work<{ push: number; recipient: RecipientId }[]>;
  /** Pushes with these facts, in their order. */
  withTracks(facts: readonly FactColumns[]): Work<StoredPush[]>;
}

/** Columns of the facts, for queries that join the certificate's text as `certificate_text`. */
export const factColumns = [
  'pushes.position',
  'pushes.tenant',
  'pushes.guid',
  'pushes.environment',
  'pushes.sender',
  'pushes.sender_session',
  'pushes.accepted_at',
  'pushes.deliver_by',
  'pushes.init_time',
  'pushes.recipients',
  'pushes.digest',
  'pushes.carries',
  'pushes.trigger',
  'pushes.emits',
  'pushes.session',
  'pushes.patches',
  'pushes.statement',
  'certificate.text as certificate_text',
] as const;

export const pushWork = (statements: JournalStatements): PushWork => {
  const { tables } = statements;
  const find = statements.one('push-find', { tenant: 'text', guid: 'text' }, (input) =>
    tables
      .selectFrom('pushes')
      .leftJoin('texts as certificate', 'certificate.digest', 'pushes.certificate')
      .select(factColumns)
      .where('pushes.tenant', '=', input.tenant)
      .where('pushes.guid', '=', input.guid),
  );
  const selectAt = statements.each('push-at', { position: 'integer' }, (input) =>
    tables
      .selectFrom(input)
      .innerJoin('pushes', 'pushes.position', 'input.position')
      .leftJoin('texts as certificate', 'certificate.digest', 'pushes.certificate')
      .select(factColumns),
  );
  const selectTracks = statements.each('push-tracks', { push: 'integer' }, (input) =>
    tables
      .selectFrom(input)
      .innerJoin('tracks', 'tracks.push', 'input.push')
      .select(['tracks.push', 'tracks.recipient', 'tracks.ordinal', 'tracks.attempt', 'tracks.state']),
  );
  const selectEnvelope = statements.one('push-envelope', { position: 'integer' }, (input) =>
    tables
      .selectFrom('pushes')
      .leftJoin('texts as certificate', 'certificate.digest', 'pushes.certificate')
      .leftJoin('texts as relay', 'relay.digest', 'pushes.relay_certificate')
      .select([
        'pushes.envelope',
        'pushes.statement',
        'certificate.text as certificate_text',
        'relay.text as relay_certificate_text',
      ])
      .where('pushes.position', '=', input.position),
  );
  const selectOpen = statements.each('push-open-for', { tenant: 'text', recipient: 'text' }, (input) =>
    tables
      .selectFrom(input)
      .innerJoin('tracks', (join) =>
        join.onRef('tracks.tenant', '=', 'input.tenant').onRef('tracks.recipient', '=', 'input.recipient'),
      )
      .select('tracks.push')
      .where('tracks.rank', '<', sql.lit(endRank)),
  );
  const selectOpenUnder = statements.one(
    'push-open-under',
    { tenant: 'text', first: 'text', last: 'text' },
    (input) =>
      tables
        .selectFrom('tracks')
        .select('push')
        .where('tenant', '=', input.tenant)
        .where('recipient', '>=', input.first)
        .where('recipient', '<=', input.last)
        .where('rank', '<', sql.lit(endRank)),
  );
  const selectOverdue = statements.one('push-overdue', { at: 'integer', limit: 'integer' }, (input) =>
    tables
      .selectFrom('pushes')
      .innerJoin('tracks', 'tracks.push', 'pushes.position')
      .select(['tracks.push', 'tracks.recipient'])
      .where('pushes.open', '>', sql.lit(0))
      .where('pushes.deliver_by', '<=', input.at)
      .where('tracks.rank', '<', sql.lit(endRank))
      .orderBy('pushes.deliver_by')
      .orderBy('pushes.position')
      .limit(input.limit),
  );

  function* withTracks(facts: readonly FactColumns[]): Work<StoredPush[]> {
    const tracks = yield* askEach(
      selectTracks,
      facts.map(({ position }) => ({ push: position })),
    );
    const byPush = Map.groupBy(tracks, ({ push }) => push);
    return facts.flatMap((row) => {
      const own = byPush.get(row.position) ?? [];
      // Between the two questions another process may have let go of it.
      if (own.length < row.recipients) return [];
      return storedPush(
        row,
        own.toSorted((a, b) => a.ordinal - b.ordinal),
      );
    });
  }

  function* columnsAt(positions: readonly number[]): Work<FactColumns[]> {
    const facts = yield* askEach(
      selectAt,
      [...new Set(positions)].map((position) => ({ position })),
    );
    return facts.toSorted((a, b) => a.position - b.position);
  }

  function* at(positions: readonly number[]): Work<StoredPush[]> {
    return yield* withTracks(yield* columnsAt(positions));
  }

  function* openOffsets(tenant: string, recipients: readonly RecipientId[]): Work<number[]> {
    const open = yield* askEach(
      selectOpen,
      [...new Set(recipients)].map((recipient) => ({ tenant, recipient })),
    );
    return offsetsOf(open);
  }

  return {
    withTracks,
    at,
    *factsAt(positions) {
      return (yield* columnsAt(positions)).map(listedPush);
    },
    *find(tenant, guid) {
      const [push] = yield* withTracks(yield* ask(find, { tenant, guid }));
      return push;
    },
    *envelope(position) {
      const [row] = yield* ask(selectEnvelope, { position });
      return row && envelopeOf(row);
    },
    openOffsets,
    *openOffsetsUnder(tenant, credential) {
      return offsetsOf(yield* ask(selectOpenUnder, { tenant, ...recipientsUnder(credential) }));
    },
    *openFor(tenant, recipients) {
      return yield* at(yield* openOffsets(tenant, recipients));
    },
    *overdue(time, limit) {
      const rows = yield* ask(selectOverdue, { at: time, limit });
      return rows.map(({ push, recipient }) => ({ push, recipient: branded<RecipientId>(recipient) }));
    },
  };
};

const offsetsOf = (tracks: readonly { readonly push: number }[]): number[] =>
  [...new Set(tracks.map(({ push }) => push))].toSorted((a, b) => a - b);
