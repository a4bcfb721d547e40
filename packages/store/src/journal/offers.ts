import { advance, credentialOf, initialized, type AuditEntry } from '@cd-push/protocol';
import { sql } from 'kysely';

import type { Offer, Taken } from '../ports/journal.ts';
import type { AcceptedPush } from '../ports/push.ts';
import { historyOf } from '../timelines/history-of.ts';
import type { TimelineWork } from '../timelines/sql-space.ts';
import { askEach, tell, type Work } from '../statements/work.ts';
import { bodyColumns } from './body-columns.ts';
import { writeJson } from './json-columns.ts';
import { contentsOf, patchesOf, pathsOf } from './patches.ts';
import { pushRow } from './push-columns.ts';
import { rankOf } from './ranks.ts';
import type { JournalStatements, JournalTables } from './tables.ts';
import { resourcesOf, takeOffers, timelinesOf } from './take-offers.ts';

interface WrittenOffers {
  readonly outcomes: readonly Taken[];
  /** Where the journal stands behind them. */
  readonly position: number;
  /** Rows that the audit gets for those that were taken. */
  readonly audit: readonly AuditEntry[];
}

/** Takes pushes in behind a position that is locked. */
export type OfferWork = (offers: readonly Offer[], position: number) => Work<WrittenOffers>;

/** How exactly it is known when a text was used last: so seldom is that written. */
export const textUseMs = 24 * 60 * 60 * 1000;

export const offerWork = (
  statements: JournalStatements,
  { objects, tips }: Pick<TimelineWork, 'objects' | 'tips'>,
): OfferWork => {
  const { tables } = statements;
  const selectGuids = statements.each('offer-guids', { tenant: 'text', guid: 'text' }, (input) =>
    tables
      .selectFrom(input)
      .innerJoin('pushes', (join) =>
        join.onRef('pushes.tenant', '=', 'input.tenant').onRef('pushes.guid', '=', 'input.guid'),
      )
      .select(['pushes.tenant', 'pushes.guid']),
  );
  const selectHeads = statements.each(
    'offer-heads',
    { tenant: 'text', environment: 'text', resource: 'text' },
    (input) =>
      tables
        .selectFrom(input)
        .innerJoin('heads', (join) =>
          join
            .onRef('heads.tenant', '=', 'input.tenant')
            .onRef('heads.environment', '=', 'input.environment')
            .onRef('heads.resource', '=', 'input.resource'),
        )
        .selectAll('heads'),
  );
  const insertTexts = statements.insertion('offer-texts', 'texts', (insert) =>
    insert.onConflict((conflict) =>
      conflict
        .column('digest')
        .doUpdateSet((row) => ({ used_at: row.ref('excluded.used_at') }))
        .where((row) => row('excluded.used_at', '>=', row('texts.used_at', '+', sql.lit(textUseMs)))),
    ),
  );
  const insertPushes = statements.insertion('offer-pushes', 'pushes');
  const insertPaths = statements.insertion('offer-paths', 'push_paths');
  const insertSteps = statements.insertion('offer-steps', 'steps');
  const setHeads = statements.insertion('offer-set-heads', 'heads', (insert) =>
    insert.onConflict((conflict) =>
      conflict.columns(['tenant', 'environment', 'resource']).doUpdateSet((row) => ({
        version: row.ref('excluded.version'),
        digest: row.ref('excluded.digest'),
        position: row.ref('excluded.position'),
        frame: row.ref('excluded.frame'),
        timeline: row.ref('excluded.timeline'),
        height: row.ref('excluded.height'),
        is_elsewhere: row.ref('excluded.is_elsewhere'),
      })),
    ),
  );
  const insertTracks = statements.insertion('offer-tracks', 'tracks');
  const insertContents = statements.insertion('offer-contents', 'contents', (insert) =>
    insert.onConflict((conflict) => conflict.columns(['tenant', 'digest']).doNothing()),
  );
  const deleteUploads = statements.each(
    'offer-uploads',
    { tenant: 'text', subject: 'text', digest: 'text' },
    (input) =>
      tables
        .deleteFrom('uploads')
        .where((row) =>
          row(
            row.refTuple('tenant', 'subject', 'digest'),
            'in',
            tables
              .selectFrom(input)
              .select(['tenant', 'subject', 'digest'])
              .$asTuple('tenant', 'subject', 'digest'),
          ),
        ),
  );

  return function* (offers, position) {
    if (offers.length === 0) return { outcomes: [], position, audit: [] };
    const guids = yield* askEach(
      selectGuids,
      offers.map(({ push }) => ({ tenant: push.tenant, guid: push.pushGuid })),
    );
    const heads = yield* askEach(selectHeads, resourcesOf(offers));
    const standing = yield* tips.standing(timelinesOf(offers));
    const taken = takeOffers(offers, { position, guids, heads, tips: standing });
    const pushes = taken.appended.map(({ offset, offer }) => ({ offset, push: offer.push }));

    const rows = pushes.map(({ offset, push }) => pushRow(push, offset));
    yield* tell(
      insertTexts,
      uniqueBy(
        rows.flatMap(({ texts }) => texts),
        ({ digest }) => digest,
      ),
    );
    yield* tell(
      insertPushes,
      rows.map(({ row }) => row),
    );
    yield* tell(
      insertPaths,
      pushes.flatMap(({ offset, push }) =>
        [...pathsOf(patchesOf(push))].map((path) => ({ tenant: push.tenant, path, position: offset })),
      ),
    );
    yield* tell(insertSteps, taken.steps);
    yield* tell(setHeads, taken.heads);
    yield* tell(
      insertTracks,
      pushes.flatMap(({ offset, push }) => tracksOf(push, offset)),
    );
    yield* tell(
      insertContents,
      uniqueBy(
        pushes.flatMap(({ push }) => contentRows(push)),
        ({ tenant, digest }) => `${digest} ${tenant}`,
      ),
    );
    yield* tell(
      deleteUploads,
      pushes.flatMap(({ push }) =>
        [...contentsOf(patchesOf(push))].map((digest) => ({
          tenant: push.tenant,
          subject: push.sender.subject,
          digest,
        })),
      ),
    );
    const histories = taken.appended.flatMap(({ offer }) => historyOf(offer));
    yield* objects.put(histories.flatMap((history) => history.objects));
    yield* objects.adopt(histories.flatMap((history) => history.contents));
    yield* tips.set(taken.tips);
    return {
      outcomes: taken.outcomes,
      position: position + pushes.length,
      audit: taken.appended.map(({ offer }) => offer.audit),
    };
  };
};

/** What was accepted is relayed: every track begins there. */
const tracksOf = (push: AcceptedPush, position: number): JournalTables['tracks'][] => {
  const { state } = advance(initialized(push.initTime), { type: 'relayed', at: push.acceptedAt });
  const columns = { attempt: 1, rank: rankOf(state), state: writeJson('state', state), moved: null };
  return [...new Set(push.recipients)].map((recipient, ordinal) => ({
    push: position,
    recipient,
    ordinal,
    tenant: push.tenant,
    credential: credentialOf(recipient),
    ...columns,
  }));
};

const contentRows = ({ tenant, contents }: AcceptedPush): JournalTables['contents'][] =>
  contents.map(({ digest, body }) => ({ tenant, digest, orphaned_at: null, ...bodyColumns(body) }));

const uniqueBy = <Row>(rows: readonly Row[], keyOf: (row: Row) => string): Row[] => [
  ...new Map(rows.map((row) => [keyOf(row), row])).values(),
];
