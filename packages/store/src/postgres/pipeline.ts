import type { PoolClient, QueryConfig, QueryResultRow } from 'pg';

/**
 * Queries on one connection, sent without waiting for the answers of those before. Once one has failed, those behind it in
 * its transaction fail because of that: what is thrown is the first failure.
 */
export class Pipeline {
  readonly #client: PoolClient;
  #failure: { readonly error: unknown } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: PoolClient) {
    this.#client = client;
  }

  /** Sends a query that nobody waits for; {@link settled} tells whether it was taken. */
  send(query: QueryConfig): void {
    this.#last = this.#query(query).catch(() => {});
  }

  /** @throws the first failure of this query and those before it; whether anybody waits for that or not. */
  ask<Row extends QueryResultRow>(query: QueryConfig): Promise<readonly Row[]> {
    const answer = this.#query<Row>(query);
    this.#last = answer.catch(() => {});
    return answer;
  }

  /** Resolves when everything that was sent was taken. */
  async settled(): Promise<void> {
    await this.#last;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #query<Row extends QueryResultRow>(query: QueryConfig): Promise<readonly Row[]> {
    try {
      const { rows } = await this.#client.query<Row>(query);
      return rows;
    } catch (error) {
      this.#failure ??= { error };
      throw this.#failure.error;
    }
  }
}
