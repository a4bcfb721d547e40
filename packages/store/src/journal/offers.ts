import { sql } from 'kysely';

import type { Offer } from '../ports/journal.ts';
import type { AcceptedPush } from '../ports/push.ts';
import { historyOf } from '../timelines/history-of.ts';
import type { TimelineWork } from '../timelines/sql-space.ts';
import { askEach, tell, type Work } from '../statements/work.ts';
import { askBehind, firstTrack, type Ahead } from './ahead.ts';
import { bodyColumns } from './body-columns.ts';
import { contentsOf, patchesOf, pathsOf } from './patches.ts';
import { pushRow, trackColumns } from './push-columns.ts';
import type { JournalStatements, JournalTables } from './tables.ts';
import { resourcesOf, takeOffers, timelinesOf, type TakenOffers } from './take-offers.ts';

/** Takes pushes in. */
export interface OfferWork {
  /** What becomes of them behind a position that is locked. */
  take(offers: readonly Offer[], position: number, ahead: Ahead): Work<TakenOffers>;
  /** Writes those that were taken, as far as they have come since. */
  write(ahead: Ahead): Work<void>;
}

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

  return {
    *take(offers, position, ahead) {
      const guids = yield* askEach(
        selectGuids,
        offers.map(({ push }) => ({ tenant: push.tenant, guid: push.pushGuid })),
      );
      const here = offers.filter(({ push }) => ahead.knows(push.tenant, push.pushGuid));
      const heads = yield* askBehind(selectHeads, resourcesOf(offers), (key) => ahead.head(key));
      const moving = yield* askBehind(tips.select, timelinesOf(offers), (key) => ahead.tip(key));
      return takeOffers(offers, {
        position,
        guids: [...guids, ...here.map(({ push }) => ({ tenant: push.tenant, guid: push.pushGuid }))],
        heads,
        tips: moving,
      });
    },
    *write(ahead) {
      const pushes = [...ahead.appended].map(([offset, { push }]) => ({ offset, push }));
      if (pushes.length === 0) return;
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
        rows.map(({ row }) => ({ ...row, open: row.open + ahead.opened(row.position) })),
      );
      yield* tell(
        insertPaths,
        pushes.flatMap(({ offset, push }) =>
          [...pathsOf(patchesOf(push))].map((path) => ({ tenant: push.tenant, path, position: offset })),
        ),
      );
      yield* tell(insertSteps, ahead.steps);
      yield* tell(setHeads, [...ahead.heads]);
      yield* tell(
        insertTracks,
        pushes.flatMap(({ offset, push }) => tracksOf(push, offset, ahead)),
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
      const histories = [...ahead.appended.values()].flatMap((offer) => historyOf(offer));
      yield* objects.put(histories.flatMap((history) => history.objects));
      yield* objects.adopt(histories.flatMap((history) => history.contents));
      yield* tips.set([...ahead.tips]);
    },
  };
};

const tracksOf = (push: AcceptedPush, position: number, ahead: Ahead): JournalTables['tracks'][] => {
  const first = trackColumns(firstTrack(push));
  return [...new Set(push.recipients)].map((recipient, ordinal) => {
    const moved = ahead.moved(position, recipient);
    return {
      push: position,
      recipient,
      ordinal,
      tenant: push.tenant,
      ...(moved === undefined ? first : trackColumns(moved.track)),
      moved: moved?.moved ?? null,
    };
  });
};

const contentRows = ({ tenant, contents }: AcceptedPush): JournalTables['contents'][] =>
  contents.map(({ digest, body }) => ({ tenant, digest, orphaned_at: null, ...bodyColumns(body) }));

const uniqueBy = <Row>(rows: readonly Row[], keyOf: (row: Row) => string): Row[] => [
  ...new Map(rows.map((row) => [keyOf(row), row])).values(),
];
