import type { Cell } from './shape.ts';

/** A statement with what is put into it, as often as it is to be run. */
export interface Call extends Run {
  /** Whether what comes next needs the rows; if not, it need not wait for them. */
  readonly isAsked: boolean;
}

interface Run {
  /** The same for each call of one statement, and no other statement's. */
  readonly name: string;
  readonly sql: string;
  readonly runs: readonly (readonly (Cell | readonly Cell[])[])[];
}

/** A query that was compiled once. */
export interface Statement<Input, Row> {
  readonly run: (inputs: readonly Input[]) => Run;
  /** Never there: it tells the compiler of the rows. */
  readonly row?: Row;
}
