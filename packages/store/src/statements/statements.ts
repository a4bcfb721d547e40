import {
  DummyDriver,
  Kysely,
  sql,
  type AliasedRawBuilder,
  type Compilable,
  type Dialect,
  type InsertQueryBuilder,
  type InsertResult,
  type KyselyPlugin,
  type RawBuilder,
} from 'kysely';

import type { Cell, Kind, RowOf, Shape } from './shape.ts';
import type { Statement } from './statement.ts';
import { tell, type Work } from './work.ts';

/** How a database spells queries, and how inputs are put into them. */
export interface StatementDialect extends Pick<
  Dialect,
  'createAdapter' | 'createIntrospector' | 'createQueryCompiler'
> {
  /** A single value. */
  parameter(value: unknown, kind: Kind): RawBuilder<unknown>;
  /** A table named `input`, of the values under their columns; one row of it, or arrays of which each is a column. */
  inputTable(values: Readonly<Record<string, unknown>>, shape: Shape): AliasedRawBuilder<unknown, 'input'>;
  /** What is added to a table: all columns of the inputs, as the source of an insertion. */
  rowsOf(values: Readonly<Record<string, unknown>>, shape: Shape): RawBuilder<unknown>;
  /** Whether the table of inputs is made of arrays, so that one run takes in all of them. */
  readonly takesArrays: boolean;
  /** Whether several transactions write at a time, unless they lock what they read. */
  readonly hasManyWriters: boolean;
  /** The time by which processes agree; `own` is this process's, in milliseconds since the epoch. */
  clock(own: RawBuilder<number>): RawBuilder<number>;
}

type Shapes = Readonly<Record<string, Shape>>;
export type TablesOf<Given extends Shapes> = { readonly [Table in keyof Given]: RowOf<Given[Table]> };

type Parameters<Given extends Shape> = { readonly [Name in keyof Given]: RawBuilder<RowOf<Given>[Name]> };
type InputTable<Given extends Shape> = AliasedRawBuilder<RowOf<Given>, 'input'>;

/** Stands in a compiled query for a column of the input. */
class Marker {
  readonly column: string;

  constructor(column: string) {
    this.column = column;
  }
}

const markersOf = (shape: Shape): Record<string, Marker> =>
  Object.fromEntries(Object.keys(shape).map((column) => [column, new Marker(column)]));

/** Compiles queries upon tables to statements. It never runs one. */
export class Statements<Given extends Shapes> {
  /** For queries alone: nothing is executed through it. */
  readonly tables: Kysely<TablesOf<Given>>;
  readonly #dialect: StatementDialect;
  readonly #shapes: Given;

  constructor(dialect: StatementDialect, shapes: Given, plugins: KyselyPlugin[] = []) {
    this.#dialect = dialect;
    this.#shapes = shapes;
    this.tables = new Kysely({
      dialect: {
        createAdapter: () => dialect.createAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (db) => dialect.createIntrospector(db),
        createQueryCompiler: () => dialect.createQueryCompiler(),
      },
      plugins,
    });
  }

  /** A statement that runs once for each input. */
  one<const Wanted extends Shape, Row>(
    name: string,
    shape: Wanted,
    build: (parameters: Parameters<Wanted>) => Compilable<Row>,
  ): Statement<RowOf<Wanted>, Row> {
    const parameters = Object.fromEntries(
      Object.entries(shape).map(([column, kind]) => [
        column,
        this.#dialect.parameter(new Marker(column), kind),
      ]),
    );
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one for each column of the shape
    return compile(name, build(parameters as Parameters<Wanted>), runForEach);
  }

  /** A statement that reads all its inputs from a table named `input`. */
  each<const Wanted extends Shape, Row>(
    name: string,
    shape: Wanted,
    build: (input: InputTable<Wanted>) => Compilable<Row>,
  ): Statement<RowOf<Wanted>, Row> {
    const input = this.#dialect.inputTable(markersOf(shape), shape);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its columns are those of the shape
    const query = build(input as InputTable<Wanted>);
    return compile(name, query, this.#runs);
  }

  /** A statement that adds rows to a table. */
  insertion<Table extends keyof Given & string>(
    name: string,
    table: Table,
    complete: (
      query: InsertQueryBuilder<TablesOf<Given>, Table, InsertResult>,
    ) => Compilable<InsertResult> = (query) => query,
  ): Statement<RowOf<Given[Table]>, InsertResult> {
    const shape: Given[Table] = this.#shapes[table];
    const query = complete(
      this.tables
        .insertInto(table)
        .columns(Object.keys(shape))
        .expression(this.#dialect.rowsOf(markersOf(shape), shape)),
    );
    return compile(name, query, this.#runs);
  }

  get #runs(): Runs {
    return this.#dialect.takesArrays ? runForAll : runForEach;
  }

  /** A query whose rows nobody else changes until the transaction ends. */
  locked<Query extends { forUpdate(): Query }>(query: Query): Query {
    return this.#dialect.hasManyWriters ? query.forUpdate() : query;
  }

  /** What keeps everybody else from writing to a table until the transaction ends. */
  tableLock(name: string, table: keyof Given & string): () => Work<void> {
    if (!this.#dialect.hasManyWriters) return function* () {};
    const lock = sql`lock table ${sql.table(table)} in share row exclusive mode`;
    const statement = compile(name, { compile: () => lock.compile(this.tables) }, runForEach);
    return () => tell(statement, [{}]);
  }

  /** The time by which all processes on this database agree. */
  clock(own: RawBuilder<number>): RawBuilder<number> {
    return this.#dialect.clock(own);
  }
}

type CellReader = (input: object) => Cell;
type Runs = (
  readers: readonly CellReader[],
  inputs: readonly object[],
) => readonly (readonly (Cell | Cell[])[])[];

const runForEach: Runs = (readers, inputs) => inputs.map((input) => readers.map((read) => read(input)));
const runForAll: Runs = (readers, inputs) => [readers.map((read) => inputs.map((input) => read(input)))];

const compile = <Input extends object, Row>(
  name: string,
  query: Compilable<Row>,
  runs: Runs,
): Statement<Input, Row> => {
  const { sql: text, parameters } = query.compile();
  const readers = parameters.map(readerOf);
  return { run: (inputs) => ({ name, sql: text, runs: runs(readers, inputs) }) };
};

const readerOf = (parameter: unknown): CellReader => {
  if (!(parameter instanceof Marker))
    throw new TypeError('Write a constant into the query itself, as sql.lit does, or make it an input.');
  const { column } = parameter;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an input has a cell under each column of its shape
  return (input) => (input as Readonly<Record<string, Cell>>)[column] ?? null;
};
