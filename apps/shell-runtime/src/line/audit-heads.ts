import { limits, type SignedAuditHead } from '@cd-push/protocol';
import { openAuditHead, type TrustRoot } from '@cd-push/timeline';

import type { KeptAuditHead } from '../record/record-store.ts';

/**
 * The heads to keep once others were told: of each node the latest, and of the nodes those that signed last. What its
 * issuer or a relay of it did not sign is nobody's head.
 *
 * @returns undefined where nothing is new.
 */
export const laterHeads = async (
  kept: readonly KeptAuditHead[],
  told: readonly SignedAuditHead[],
  root: TrustRoot,
): Promise<readonly KeptAuditHead[] | undefined> => {
  const known = new Set(kept.map(({ head }) => head));
  const latest = new Map(kept.map((one) => [one.node, one]));
  let isNew = false;
  for (const signed of told) {
    const opened = known.has(signed.head) ? undefined : await openAuditHead(signed, root);
    if (opened?.ok !== true) continue;
    const { node, sequence, at } = opened.value;
    if ((latest.get(node)?.sequence ?? 0) >= sequence) continue;
    latest.set(node, { node, sequence, at, head: signed.head, certificate: signed.certificate });
    isNew = true;
  }
  return isNew ? [...latest.values()].toSorted((a, b) => b.at - a.at).slice(0, limits.auditHeads) : undefined;
};
