import type { AuditEntry, AuditPlace, EpochMs } from '@cd-push/protocol';

/**
 * Chains of rows, one for each node that writes: a row is a JSON text that names the digest of the row before it. Rows are
 * only ever added; the oldest are let go of as a whole prefix, and a `pruned` row says where the rest begins.
 */
export interface AuditLog {
  /** The chain that this process writes: its first row is written when it is opened, and names where the others stand. */
  readonly node: string;
  /**
   * Writes rows by themselves, which outlive the loss of power; those that go with a change are written in the change's
   * commit, and outlive what that does.
   */
  append(entries: readonly AuditEntry[]): Promise<void>;
  /** Resolves once all rows that were written before would outlive the loss of power: only those may be vouched for. */
  settle(): Promise<void>;
  /** Texts of rows after a place, node by node in the order of the nodes' names, each node's in their order. */
  rows(
    after: { readonly node: string; readonly sequence: number } | undefined,
    limit: number,
  ): Promise<string[]>;
  /** The last row of every chain, the latest first. */
  heads(limit: number): Promise<AuditPlace[]>;
  /**
   * Lets go of the rows from before a time, of each chain as many as stand before the first younger one. The `pruned` row
   * of this node's chain that tells of it has as its `heads` the last row that was let go of, of every chain that does not
   * begin with its first row any more: also of one that was cut back earlier, because the row that said so may go now.
   */
  prune(before: EpochMs): Promise<void>;
}
