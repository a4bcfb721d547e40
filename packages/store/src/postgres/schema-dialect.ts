import {
  PostgresDialect,
  type DatabaseIntrospector,
  type Kysely,
  type PostgresDialectConfig,
  type SchemaMetadata,
  type TableMetadata,
} from 'kysely';

/** Kysely's dialect, which otherwise looks at all tables of the database, be they made or dropped by others meanwhile. */
export class SchemaDialect extends PostgresDialect {
  readonly #schema: string;

  constructor(config: PostgresDialectConfig, schema: string) {
    super(config);
    this.#schema = schema;
  }

  override createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SchemaIntrospector(db.withTables<CatalogTables>(), this.#schema);
  }
}

type CatalogTables = {
  'pg_catalog.pg_namespace': { nspname: string };
  'pg_catalog.pg_tables': { schemaname: string; tablename: string };
};

/** Names of the tables in one schema: what migrations ask for. */
class SchemaIntrospector implements DatabaseIntrospector {
  readonly #db: Kysely<CatalogTables>;
  readonly #schema: string;

  constructor(db: Kysely<CatalogTables>, schema: string) {
    this.#db = db;
    this.#schema = schema;
  }

  async getSchemas(): Promise<SchemaMetadata[]> {
    const rows = await this.#db
      .selectFrom('pg_catalog.pg_namespace')
      .select('nspname as name')
      .where('nspname', '=', this.#schema)
      .execute();
    return rows;
  }

  async getTables(): Promise<TableMetadata[]> {
    const rows = await this.#db
      .selectFrom('pg_catalog.pg_tables')
      .select('tablename as name')
      .where('schemaname', '=', this.#schema)
      .execute();
    return rows.map(({ name }) => ({
      name,
      schema: this.#schema,
      isView: false,
      isForeign: false,
      columns: [],
    }));
  }
}
