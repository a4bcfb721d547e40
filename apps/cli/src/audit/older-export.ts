import type { AuditHead } from '@cd-push/protocol';
import { verifyAudit, type AuditFault } from '@cd-push/timeline';

import type { AuditFile } from './audit-file.ts';

/** An export that was whole when it was written, and is older than what is known by now. */
export interface OlderExport {
  /** When the first of its own heads was signed: nothing was missing then. */
  readonly at: number;
  /** Chains that are known to reach further by now. */
  readonly later: readonly LaterChain[];
}

export interface LaterChain {
  readonly node: string;
  /** The last row that the export holds; 0 where the chain began after it. */
  readonly sequence: number;
  /** The last row that is known. */
  readonly known: number;
}

/**
 * Whether an export only ends earlier than heads that were seen: then its own signed heads reach the end of each chain, and
 * were signed no later than those. A chain that was cut after it was seen ends before a head of an earlier time.
 *
 * @param faults what is wrong with it as far as heads from elsewhere tell.
 * @param own the export's own heads, whose signatures were checked.
 * @param seen heads from elsewhere.
 */
export const olderExport = async (
  file: AuditFile,
  faults: readonly AuditFault[],
  own: readonly AuditHead[],
  seen: readonly AuditHead[],
): Promise<OlderExport | undefined> => {
  if (own.length === 0 || faults.some(({ kind }) => kind !== 'truncated')) return undefined;
  const { faults: missing, chains } = await verifyAudit(file.rows(), { heads: own });
  if (missing.length > 0 || chains.some(({ kind }) => kind === 'unproven-tail')) return undefined;
  const signedAt = new Map(own.map(({ node, at }) => [node, at]));
  const last = Math.max(...signedAt.values());
  const later: LaterChain[] = [];
  for (const { node, sequence } of faults) {
    const known = seen.find((head) => head.node === node);
    // A chain of which nothing is here has to have begun after all of the export.
    if (known === undefined || known.at < (signedAt.get(node) ?? last)) return undefined;
    later.push({ node, sequence: sequence - 1, known: known.sequence });
  }
  return { at: Math.min(...signedAt.values()), later };
};
