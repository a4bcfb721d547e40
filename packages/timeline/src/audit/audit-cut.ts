import type { AuditPlace, AuditRow } from '@cd-push/protocol';

/**
 * Which rows belong to an export of an audit that goes on being written: those that were there when the heads were read.
 * Without that bound a chain that is read later tells of rows of an earlier one that were written in the meantime, and
 * those look as if they had been cut off.
 *
 * Rows are asked about node by node, each node's in their order.
 *
 * @param heads the last row of each chain at that moment, or of the latest ones where there were too many to tell. What is
 *   not among them is of a chain that is either older than all of them, and whole, or younger; a younger one begins by
 *   telling of rows at the heads or past them.
 */
export const auditCut = (heads: readonly AuditPlace[]): ((row: AuditRow) => boolean) => {
  const ends = new Map(heads.map(({ node, sequence }) => [node, sequence]));
  const younger = new Set<string>();
  return (row) => {
    const end = ends.get(row.node);
    if (end !== undefined) return row.sequence <= end;
    const isYounger =
      row.event === 'opened' &&
      (ends.size === 0 ||
        (row.heads ?? []).some(({ node, sequence }) => sequence >= (ends.get(node) ?? Infinity)));
    if (isYounger) younger.add(row.node);
    return !younger.has(row.node);
  };
};
