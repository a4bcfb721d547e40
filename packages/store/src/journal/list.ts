import { sql, type ExpressionBuilder, type RawBuilder, type SqlBool, type Expression } from 'kysely';

import type { ListedPage, PushQuery } from '../ports/journal.ts';
import type { RowOf } from '../statements/shape.ts';
import type { Statement } from '../statements/statement.ts';
import { ask, askEach, type Work } from '../statements/work.ts';
import { listedPush, type FactColumns } from './push-columns.ts';
import { factColumns } from './pushes.ts';
import { recipientsUnder } from './recipients-under.ts';
import type { JournalStatements, JournalTables } from './tables.ts';

/** Pushes that fit a query, the latest first. */
export type ListWork = (query: PushQuery) => Work<ListedPage>;

/** Positions of a file or folder that are looked at at a time, at least and at most. */
const fewest = 100;
const most = 500;
/** Pushes that are looked through for those of one recipient, of which no index is kept: a track is written too often for it. */
const lookedThrough = 2_000;

/** What every push of the answer fulfils, whatever the values are: a statement is kept for each combination that occurs. */
interface Conditions {
  readonly environment: boolean;
  readonly sender: boolean;
  readonly recipient: boolean;
  readonly open: boolean | undefined;
  /** Whether it is of files at all. */
  readonly files: boolean;
}

const valueShape = {
  tenant: 'text',
  environment: 'text',
  sender: 'text',
  first: 'text',
  last: 'text',
} as const;
type Values = RowOf<typeof valueShape>;

export const listWork = (statements: JournalStatements): ListWork => {
  const { tables } = statements;
  const pageShape = { before: 'integer', limit: 'integer' } as const;
  const farthest = statements.one(
    'list-farthest',
    { tenant: 'text', before: 'integer', skip: 'integer' },
    (input) =>
      tables
        .selectFrom('pushes')
        .select('position')
        .where('tenant', '=', input.tenant)
        .where('position', '<', input.before)
        .orderBy('position', 'desc')
        .limit(sql.lit(1))
        .offset(input.skip),
  );
  const ofPath = statements.one('list-path', { tenant: 'text', path: 'text', ...pageShape }, (input) =>
    tables
      .selectFrom('push_paths')
      .select('position')
      .where('tenant', '=', input.tenant)
      .where('path', '=', input.path)
      .where('position', '<', input.before)
      .orderBy('position', 'desc')
      .limit(input.limit),
  );
  const amongAll = kept((key, conditions) =>
    statements.one(`list-all-${key}`, { ...valueShape, ...pageShape, since: 'integer' }, (input) =>
      tables
        .selectFrom('pushes')
        .leftJoin('texts as certificate', 'certificate.digest', 'pushes.certificate')
        .select(factColumns)
        .where('pushes.tenant', '=', input.tenant)
        .where('pushes.position', '<', input.before)
        .where('pushes.position', '>=', input.since)
        .where((push) => allOf(push, conditions, input))
        .orderBy('pushes.position', 'desc')
        .limit(input.limit),
    ),
  );
  const amongThese = kept((key, conditions) =>
    statements.each(`list-these-${key}`, { ...valueShape, position: 'integer' }, (input) =>
      tables
        .selectFrom(input)
        .innerJoin('pushes', 'pushes.position', 'input.position')
        .leftJoin('texts as certificate', 'certificate.digest', 'pushes.certificate')
        .select(factColumns)
        .where((push) =>
          allOf(push, conditions, {
            tenant: sql.ref('input.tenant'),
            environment: sql.ref('input.environment'),
            sender: sql.ref('input.sender'),
            first: sql.ref('input.first'),
            last: sql.ref('input.last'),
          }),
        ),
    ),
  );

  /** Of a file or folder, to which an index leads. */
  function* underPath(
    path: string,
    values: Values,
    conditions: Conditions,
    before: number,
    limit: number,
  ): Work<ListedPage> {
    const found: FactColumns[] = [];
    let end: number | undefined = before;
    let looked = 0;
    for (let size = Math.max(fewest, limit); looked < lookedThrough; size = Math.min(2 * size, most)) {
      const positions: readonly { readonly position: number }[] = yield* ask(ofPath, {
        tenant: values.tenant,
        path,
        before: end,
        limit: size,
      });
      const facts = yield* askEach(
        amongThese(conditions),
        positions.map(({ position }) => ({ ...values, position })),
      );
      found.push(...facts.toSorted((a, b) => b.position - a.position));
      looked += positions.length;
      end = positions.length < size ? undefined : positions.at(-1)?.position;
      if (end === undefined || found.length >= limit) break;
    }
    return pageOf(found, limit, { next: end, looked });
  }

  /** Among all pushes, or the latest of them. */
  function* among(values: Values, conditions: Conditions, before: number, limit: number): Work<ListedPage> {
    const { tenant } = values;
    const [start] = conditions.recipient
      ? yield* ask(farthest, { tenant, before, skip: lookedThrough - 1 })
      : [];
    const found = yield* ask(amongAll(conditions), { ...values, since: start?.position ?? 0, before, limit });
    return pageOf(found, limit, {
      next: start?.position,
      looked: conditions.recipient && found.length < limit ? lookedThrough : found.length,
    });
  }

  return (query) => {
    const { tenant, environment, prefix, recipient, sender, open, limit } = query;
    const before = query.before ?? Number.MAX_SAFE_INTEGER;
    const values = {
      tenant,
      environment: environment ?? '',
      sender: sender ?? '',
      ...recipientsUnder(recipient ?? ''),
    };
    const conditions: Conditions = {
      environment: environment !== undefined,
      sender: sender !== undefined,
      recipient: recipient !== undefined,
      open,
      files: false,
    };
    const path = prefix?.replace(/\/$/, '');
    return path === undefined || path === ''
      ? among(values, { ...conditions, files: path === '' }, before, limit)
      : underPath(path, values, conditions, before, limit);
  };
};

/** The first of what was found; behind it goes on who wants more, or else where it was not looked any more. */
const pageOf = (
  found: readonly FactColumns[],
  limit: number,
  { next, looked }: Pick<ListedPage, 'next' | 'looked'>,
): ListedPage => ({
  pushes: found.slice(0, limit).map(listedPush),
  next: found.length < limit ? next : found[limit - 1]?.position,
  looked,
});

/** Compiles a statement when a combination of conditions occurs for the first time. */
const kept = <Input>(
  compile: (key: string, conditions: Conditions) => Statement<Input, FactColumns>,
): ((conditions: Conditions) => Statement<Input, FactColumns>) => {
  const known = new Map<string, Statement<Input, FactColumns>>();
  return (conditions) => {
    const key = Object.values(conditions).join('-');
    const statement = known.get(key) ?? compile(key, conditions);
    known.set(key, statement);
    return statement;
  };
};

const allOf = (
  push: ExpressionBuilder<JournalTables, 'pushes'>,
  { environment, sender, recipient, open, files }: Conditions,
  values: { readonly [Name in keyof Values]: RawBuilder<Values[Name]> },
): Expression<SqlBool> => {
  const all: Expression<SqlBool>[] = [];
  if (environment) all.push(push('pushes.environment', '=', values.environment));
  if (sender) all.push(push('pushes.sender', '=', values.sender));
  if (open !== undefined) all.push(push('pushes.open', open ? '>' : '=', sql.lit(0)));
  if (files) all.push(push('pushes.patches', '<>', sql.lit('[]')));
  if (recipient) {
    all.push(
      push.exists(
        push
          .selectFrom('tracks')
          .select(sql.lit(1).as('one'))
          .whereRef('tracks.push', '=', 'pushes.position')
          .where('tracks.recipient', '>=', values.first)
          .where('tracks.recipient', '<=', values.last),
      ),
    );
  }
  return push.and(all);
};
