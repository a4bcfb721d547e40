import type { EpochMs } from '@cd-push/protocol';
import { expressionBuilder, sql, type Expression, type SqlBool } from 'kysely';

import { ask, tell, type Work } from '../statements/work.ts';
import type { JournalRow } from './journal-row.ts';
import type { JournalStatements, JournalTables } from './tables.ts';

/** Lets go of uploads and of contents, a part at a time. */
export interface ContentPruning {
  /** Takes down of contents that have lost a name when they lost the last. */
  orphan(contents: readonly ContentKey[], at: EpochMs): Work<void>;
  /** @returns whether there may be more, like {@link contents}. */
  uploads(before: EpochMs, at: EpochMs): Work<boolean>;
  /** Contents that nobody has named since before a time. */
  contents(before: EpochMs): Work<boolean>;
}

type ContentKey = Pick<JournalTables['contents'], 'tenant' | 'digest'>;

/** At a time; contents may be large. */
const uploadPart = 500;
const contentPart = 50;

export const contentPruning = (statements: JournalStatements, row: JournalRow): ContentPruning => {
  const { tables } = statements;
  const selectUploads = statements.one('prune-select-uploads', partShape, (input) =>
    tables
      .selectFrom('uploads')
      .select(['tenant', 'subject', 'digest'])
      .where('at', '<', input.before)
      .orderBy('at')
      .limit(input.limit),
  );
  const deleteUploads = statements.each(
    'prune-uploads',
    { tenant: 'text', subject: 'text', digest: 'text' },
    (input) =>
      tables
        .deleteFrom('uploads')
        .where((upload) =>
          upload(
            upload.refTuple('tenant', 'subject', 'digest'),
            'in',
            upload
              .selectFrom(input)
              .select(['input.tenant', 'input.subject', 'input.digest'])
              .$asTuple('tenant', 'subject', 'digest'),
          ),
        ),
  );
  const orphan = statements.each('prune-orphan', { tenant: 'text', digest: 'text', at: 'integer' }, (input) =>
    tables
      .updateTable('contents')
      .from(input)
      .set((content) => ({ orphaned_at: content.ref('input.at') }))
      .whereRef('contents.tenant', '=', 'input.tenant')
      .whereRef('contents.digest', '=', 'input.digest')
      .where('contents.orphaned_at', 'is', sql.lit(null))
      .where(isNamed(false)),
  );
  const selectOrphans = statements.one('prune-select-orphans', partShape, (input) =>
    tables
      .selectFrom('contents')
      .select(['tenant', 'digest'])
      .where('orphaned_at', '<', input.before)
      .orderBy('orphaned_at')
      .limit(input.limit),
  );
  const contentShape = { tenant: 'text', digest: 'text' } as const;
  // A push may have named it again since.
  const adopt = statements.each('prune-adopt', contentShape, (input) =>
    tables
      .updateTable('contents')
      .from(input)
      .set({ orphaned_at: sql.lit(null) })
      .whereRef('contents.tenant', '=', 'input.tenant')
      .whereRef('contents.digest', '=', 'input.digest')
      .where(isNamed(true)),
  );
  const deleteOrphans = statements.each('prune-contents', contentShape, (input) =>
    tables
      .deleteFrom('contents')
      .where((content) =>
        content(
          content.refTuple('tenant', 'digest'),
          'in',
          content.selectFrom(input).select(['input.tenant', 'input.digest']).$asTuple('tenant', 'digest'),
        ),
      )
      .where('orphaned_at', 'is not', sql.lit(null)),
  );
  function* orphanThese(contents: readonly ContentKey[], at: EpochMs): Work<void> {
    yield* tell(
      orphan,
      contents.map(({ tenant, digest }) => ({ tenant, digest, at })),
    );
  }

  return {
    orphan: orphanThese,
    *uploads(before, at) {
      yield* row.lock();
      const uploads = yield* ask(selectUploads, { before, limit: uploadPart });
      yield* tell(deleteUploads, uploads);
      yield* orphanThese(uploads, at);
      return uploads.length === uploadPart;
    },
    *contents(before) {
      yield* row.lock();
      const orphans = yield* ask(selectOrphans, { before, limit: contentPart });
      yield* tell(adopt, orphans);
      yield* tell(deleteOrphans, orphans);
      return orphans.length === contentPart;
    },
  };
};

const partShape = { before: 'integer', limit: 'integer' } as const;

/** Whether a content is named by a step of some resource, as its content or its map, by an upload, or as a timeline's blob. */
const isNamed = (named: boolean): Expression<SqlBool> => {
  const content = expressionBuilder<JournalTables, 'contents'>();
  const one = sql.lit(1).as('one');
  const isAnywhere = content.or([
    content.exists(
      content
        .selectFrom('steps')
        .select(one)
        .whereRef('steps.tenant', '=', 'contents.tenant')
        .whereRef('steps.digest', '=', 'contents.digest'),
    ),
    content.exists(
      content
        .selectFrom('steps')
        .select(one)
        .whereRef('steps.tenant', '=', 'contents.tenant')
        .whereRef('steps.map_digest', '=', 'contents.digest'),
    ),
    content.exists(
      content
        .selectFrom('uploads')
        .select(one)
        .whereRef('uploads.tenant', '=', 'contents.tenant')
        .whereRef('uploads.digest', '=', 'contents.digest'),
    ),
    content.exists(
      content
        .selectFrom('objects')
        .select(one)
        .whereRef('objects.tenant', '=', 'contents.tenant')
        .whereRef('objects.content', '=', 'contents.digest'),
    ),
  ]);
  return named ? isAnywhere : content.not(isAnywhere);
};
