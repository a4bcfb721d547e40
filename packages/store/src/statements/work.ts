import type { Call, Statement } from './statement.ts';

/**
 * Steps towards a value that only a database can take: each yields a call and goes on with its rows. What is to be done is
 * written once; SQLite takes the steps without ever leaving the turn of the event loop, PostgreSQL awaits each of them.
 */
export type Work<Value> = Generator<Call, Value, readonly object[]>;

/** Runs a statement and answers its rows. */
export function* ask<Input, Row>(statement: Statement<Input, Row>, input: Input): Work<readonly Row[]> {
  return yield* askEach(statement, [input]);
}

/** Runs a statement for each of many inputs and answers the rows of all of them; nothing is run for none. */
export function* askEach<Input, Row>(
  statement: Statement<Input, Row>,
  inputs: readonly Input[],
): Work<readonly Row[]> {
  if (inputs.length === 0) return [];
  const rows = yield { ...statement.run(inputs), isAsked: true };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the statement was compiled from a query for such rows
  return rows as readonly Row[];
}

/** Runs a statement for its effect alone, on which nothing depends but what is read afterwards. */
export function* tell<Input>(statement: Statement<Input, unknown>, inputs: readonly Input[]): Work<void> {
  if (inputs.length > 0) yield { ...statement.run(inputs), isAsked: false };
}
