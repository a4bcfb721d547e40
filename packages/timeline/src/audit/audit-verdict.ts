/** What is wrong with a row, or with the chain where it stands. */
export type AuditFaultKind =
  /** Its text is not the one that was written, or the line holds no row at all. */
  | 'edited'
  /** Rows are missing before others of their chain. */
  | 'deleted'
  /** A row that never was a part of the chain. */
  | 'inserted'
  /** A row that stands twice. */
  | 'duplicated'
  /** A row that belongs elsewhere in its chain. */
  | 'reordered'
  /** The chain once reached further: a known head or another chain names a row that is not here. */
  | 'truncated'
  /** The chain holds together, but a known head names another row than stands in its place. */
  | 'foreign-head';

interface Verdict<Kind extends string> {
  readonly kind: Kind;
  /** Whose chain it is; empty where a line tells none. */
  readonly node: string;
  /** The row's place in its chain, or the place where it should stand. */
  readonly sequence: number;
  /** Where it shows, counted from 1; null where nothing of the chain is there. */
  readonly line: number | null;
  /** A sentence for people. */
  readonly detail: string;
}

export type AuditFault = Verdict<AuditFaultKind>;

/**
 * How far a chain without fault is vouched for. `proven`: it is as a known head says, to its last row and from its first,
 * or from where older rows were let go of. `unproven-tail`: from `sequence` on nobody vouches for it, so that it may have
 * been written anew from there, or cut. `unproven-beginning`: nobody vouches for the row that says that the rows before it
 * were let go of.
 */
export interface AuditStanding extends Verdict<'proven' | 'unproven-tail' | 'unproven-beginning'> {
  /** The last row of the chain that is here. */
  readonly last: number;
}
