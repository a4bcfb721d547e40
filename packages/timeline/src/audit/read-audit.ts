import { isAuditRow, parseJson, type AuditPlace, type AuditRow } from '@cd-push/protocol';

import { auditHashOf } from './audit-hash.ts';
import { AuditChain, type AuditLink } from './audit-chain.ts';
import { AuditClaims, type Claimant } from './audit-claims.ts';

/** A row that says up to where a chain was let go of. */
export interface Pruning extends AuditPlace {
  readonly by: NonNullable<Claimant>;
}

/** What was read, row by row, before it is known whether it holds together. */
export interface ReadAudit {
  readonly chains: ReadonlyMap<string, AuditChain>;
  readonly claims: AuditClaims;
  /** By the node whose rows were let go of, in the order of the lines. */
  readonly prunings: ReadonlyMap<string, readonly Pruning[]>;
  readonly rows: number;
}

/** Reads rows once, in their order, and keeps their places and what they say of other chains. */
export const readAudit = async (
  rows: AsyncIterable<string> | Iterable<string>,
  known: readonly AuditPlace[],
): Promise<ReadAudit> => {
  const chains = new Map<string, AuditChain>();
  const claims = new AuditClaims(known);
  const prunings = new Map<string, Pruning[]>();
  let line = 0;
  let current = '';
  for await (const text of rows) {
    line += 1;
    const hash = await auditHashOf(text);
    const row = rowOf(text);
    // A line that holds no row belongs where it stands.
    const node = row?.node ?? current;
    const chain = chains.get(node);
    const link: AuditLink = {
      line,
      hash,
      sequence: row?.sequence ?? null,
      previous: row?.previous ?? null,
      isApart: chain !== undefined && node !== current,
    };
    current = node;
    if (chain === undefined) chains.set(node, new AuditChain(node, link));
    else chain.add(link);
    if (row === undefined) continue;
    const by = { node, sequence: row.sequence, line };
    for (const place of row.heads ?? []) {
      if (row.event === 'opened' || row.event === 'heads') claims.add(place, by);
      if (row.event !== 'pruned') continue;
      const same = prunings.get(place.node);
      if (same === undefined) prunings.set(place.node, [{ ...place, by }]);
      else same.push({ ...place, by });
    }
  }
  return { chains, claims, prunings, rows: line };
};

const rowOf = (text: string): AuditRow | undefined => {
  const parsed = parseJson(text);
  return parsed.ok && isAuditRow(parsed.value) ? parsed.value : undefined;
};
