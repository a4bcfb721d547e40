import { branded, credentialOf, type RecipientId } from '@cd-push/protocol';
import { sql, type ExpressionBuilder, type RawBuilder, type SqlBool, type Expression } from 'kysely';

import type { PushQuery } from '../ports/journal.ts';
import type { RowOf } from '../statements/shape.ts';
import type { Statement } from '../statements/statement.ts';
import { ask, askEach, type Work } from '../statements/work.ts';
import type { FactColumns } from './push-columns.ts';
import { factColumns } from './pushes.ts';
import type { JournalStatements, JournalTables } from './tables.ts';

/** Pushes that fit a query, the latest first. */
export type ListWork = (query: PushQuery) => Work<readonly FactColumns[]>;

/** Positions that are looked at at a time, at least and at most. */
const fewest = 100;
const most = 5_000;

/** What every push of the answer fulfils, whatever the values are: a statement is kept for each combination that occurs. */
interface Conditions {
  readonly environment: boolean;
  readonly sender: boolean;
  readonly open: boolean | undefined;
  readonly files: 'any' | 'some' | 'path';
}

const valueShape = { tenant: 'text', environment: 'text', sender: 'text', path: 'text' } as const;
type Values = RowOf<typeof valueShape>;

export const listWork = (statements: JournalStatements): ListWork => {
  const { tables } = statements;
  const pageShape = { before: 'integer', limit: 'integer' } as const;
  const ofCredential = statements.one(
    'list-credential',
    { tenant: 'text', credential: 'text', ...pageShape },
    (input) =>
      tables
        .selectFrom('tracks')
        .select('push as position')
        .distinct()
        .where('tenant', '=', input.tenant)
        .where('credential', '=', input.credential)
        .where('push', '<', input.before)
        .orderBy('push', 'desc')
        .limit(input.limit),
  );
  const ofInstance = statements.one(
    'list-instance',
    { tenant: 'text', credential: 'text', recipient: 'text', ...pageShape },
    (input) =>
      tables
        .selectFrom('tracks')
        .select('push as position')
        .where('tenant', '=', input.tenant)
        .where('credential', '=', input.credential)
        .where('recipient', '=', input.recipient)
        .where('push', '<', input.before)
        .orderBy('push', 'desc')
        .limit(input.limit),
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
    statements.one(`list-all-${key}`, { ...valueShape, ...pageShape }, (input) =>
      tables
        .selectFrom('pushes')
        .leftJoin('texts as certificate', 'certificate.digest', 'pushes.certificate')
        .select(factColumns)
        .where('pushes.tenant', '=', input.tenant)
        .where('pushes.position', '<', input.before)
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
            path: sql.ref('input.path'),
          }),
        ),
    ),
  );

  return function* (query) {
    const { tenant, environment, prefix, recipient, sender, open, before, limit } = query;
    const path = prefix?.replace(/\/$/, '');
    const values = { tenant, environment: environment ?? '', sender: sender ?? '', path: path ?? '' };
    const conditions: Conditions = {
      environment: environment !== undefined,
      sender: sender !== undefined,
      open,
      files: path === undefined ? 'any' : path === '' ? 'some' : 'path',
    };
    let end = before ?? Number.MAX_SAFE_INTEGER;

    /** The next positions that lead to what is asked for, by whatever names the fewest of them. */
    const positionsBefore = function* (size: number): Work<readonly { readonly position: number }[]> {
      const page = { tenant, before: end, limit: size };
      if (recipient === undefined) return yield* ask(ofPath, { ...page, path: values.path });
      const credential = credentialOf(branded<RecipientId>(recipient));
      return credential === recipient
        ? yield* ask(ofCredential, { ...page, credential })
        : yield* ask(ofInstance, { ...page, credential, recipient });
    };

    if (recipient === undefined && conditions.files !== 'path') {
      return yield* ask(amongAll(conditions), { ...values, before: end, limit });
    }
    // What leads is fulfilled already.
    const rest: Conditions = recipient === undefined ? { ...conditions, files: 'any' } : conditions;
    const found: FactColumns[] = [];
    for (let size = Math.max(fewest, limit); found.length < limit; size = Math.min(2 * size, most)) {
      const positions = yield* positionsBefore(size);
      const facts = yield* askEach(
        amongThese(rest),
        positions.map(({ position }) => ({ ...values, position })),
      );
      found.push(...facts.toSorted((a, b) => b.position - a.position));
      const last = positions.at(-1);
      if (last === undefined || positions.length < size) break;
      end = last.position;
    }
    return found.slice(0, limit);
  };
};

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
  { environment, sender, open, files }: Conditions,
  values: { readonly [Name in keyof Values]: RawBuilder<Values[Name]> },
): Expression<SqlBool> => {
  const all: Expression<SqlBool>[] = [];
  if (environment) all.push(push('pushes.environment', '=', values.environment));
  if (sender) all.push(push('pushes.sender', '=', values.sender));
  if (open !== undefined) all.push(push('pushes.open', open ? '>' : '=', sql.lit(0)));
  if (files === 'some') all.push(push('pushes.patches', '<>', sql.lit('[]')));
  if (files === 'path') {
    all.push(
      push.exists(
        push
          .selectFrom('push_paths')
          .select(sql.lit(1).as('one'))
          .where('push_paths.tenant', '=', values.tenant)
          .where('push_paths.path', '=', values.path)
          .whereRef('push_paths.position', '=', 'pushes.position'),
      ),
    );
  }
  return push.and(all);
};
