import { sql } from 'kysely';

import type { Upload } from '../ports/journal.ts';
import type { Content } from '../ports/push.ts';
import { ask, askEach, tell, type Work } from '../statements/work.ts';
import { bodyColumns, readBody } from './body-columns.ts';
import type { JournalStatements } from './tables.ts';

/** Keeps and reads contents by their digests. */
export interface ContentWork {
  read(tenant: string, digest: string): Work<Content['body'] | undefined>;
  sizes(tenant: string, digests: readonly string[]): Work<Map<string, number>>;
  put(tenant: string, content: Content, upload: Upload): Work<void>;
  uploads(tenant: string, subject: string): Work<Map<string, number>>;
  resourcesWith(
    tenant: string,
    digest: string,
  ): Work<readonly { readonly environment: string; readonly resource: string }[]>;
}

const contentShape = { tenant: 'text', digest: 'text' } as const;

export const contentWork = (statements: JournalStatements): ContentWork => {
  const { tables } = statements;
  const select = statements.one('content-select', contentShape, (input) =>
    tables
      .selectFrom('contents')
      .select(['form', 'body'])
      .where('tenant', '=', input.tenant)
      .where('digest', '=', input.digest),
  );
  const selectSizes = statements.each('content-sizes', contentShape, (input) =>
    tables
      .selectFrom(input)
      .innerJoin('contents', (join) =>
        join.onRef('contents.tenant', '=', 'input.tenant').onRef('contents.digest', '=', 'input.digest'),
      )
      .select(['contents.digest', 'contents.size']),
  );
  // One at a time, because a single value travels as its bytes.
  const keep = statements.one(
    'content-keep',
    { ...contentShape, form: 'integer', size: 'integer', body: 'bytes' },
    (input) =>
      tables
        .insertInto('contents')
        .values(input)
        .onConflict((conflict) =>
          conflict.columns(['tenant', 'digest']).doUpdateSet({ orphaned_at: sql.lit(null) }),
        ),
  );
  const setUpload = statements.insertion('content-upload', 'uploads', (insert) =>
    insert.onConflict((conflict) =>
      conflict
        .columns(['tenant', 'subject', 'digest'])
        .doUpdateSet((row) => ({ at: row.ref('excluded.at') })),
    ),
  );
  const selectUploads = statements.one('content-uploads', { tenant: 'text', subject: 'text' }, (input) =>
    tables
      .selectFrom('uploads')
      .innerJoin('contents', (join) =>
        join.onRef('contents.tenant', '=', 'uploads.tenant').onRef('contents.digest', '=', 'uploads.digest'),
      )
      .select(['contents.digest', 'contents.size'])
      .where('uploads.tenant', '=', input.tenant)
      .where('uploads.subject', '=', input.subject),
  );
  const selectResources = statements.one('content-resources', contentShape, (input) => {
    const steps = tables
      .selectFrom('steps')
      .select(['environment', 'resource'])
      .where('tenant', '=', input.tenant);
    const past = tables
      .selectFrom('past_steps')
      .select(['environment', 'resource'])
      .where('tenant', '=', input.tenant);
    return steps
      .where('digest', '=', input.digest)
      .union(steps.where('map_digest', '=', input.digest))
      .union(past.where('digest', '=', input.digest))
      .union(past.where('map_digest', '=', input.digest));
  });

  return {
    *read(tenant, digest) {
      const [row] = yield* ask(select, { tenant, digest });
      return row && readBody(row);
    },
    *sizes(tenant, digests) {
      const rows = yield* askEach(
        selectSizes,
        [...new Set(digests)].map((digest) => ({ tenant, digest })),
      );
      return new Map(rows.map(({ digest, size }) => [digest, size]));
    },
    *put(tenant, { digest, body }, { subject, at }) {
      yield* tell(keep, [{ tenant, digest, ...bodyColumns(body) }]);
      yield* tell(setUpload, [{ tenant, subject, digest, at }]);
    },
    *uploads(tenant, subject) {
      const rows = yield* ask(selectUploads, { tenant, subject });
      return new Map(rows.map(({ digest, size }) => [digest, size]));
    },
    *resourcesWith(tenant, digest) {
      const rows = yield* ask(selectResources, { tenant, digest });
      return rows.map(({ environment, resource }) => ({ environment, resource }));
    },
  };
};
