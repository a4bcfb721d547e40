import type { PatchHead } from '@cd-push/protocol';
import { openStatement, type TrustRoot } from '@cd-push/timeline';

import type { Standing } from '../record/running-state.ts';
import { followsFrom } from './follows-from.ts';
import type { TrustedPatch } from './push.ts';
import type { Verifier } from './verify-push.ts';

/** A statement that came along for what follows from it, with its certificate; both as they were signed. */
export interface SkippedStatement {
  readonly statement: string;
  readonly certificate: string;
}

/** Goes back through the signed versions that this runtime skipped, until one follows from what is in place. */
export const isExplained = async (
  push: TrustedPatch,
  skipped: readonly SkippedStatement[],
  head: PatchHead,
  here: Standing,
  verifier: Verifier,
  root: TrustRoot,
): Promise<boolean> => {
  let { predecessor: wanted, version: below } = head;
  for (const { statement, certificate: jws } of skipped.toReversed()) {
    const certificate = await verifier.openCertificate(jws, root);
    if (!certificate.ok) continue;
    const opened = await openStatement(statement, jws, certificate.value);
    if (!opened.ok || opened.value.statement.kind !== 'patch') continue;
    if (opened.value.statement.environment !== push.statement.environment) continue;
    const link = opened.value.statement.patches.find(
      ({ resource, digest, version }) => resource === head.resource && digest === wanted && version < below,
    );
    if (link === undefined) continue;
    if (followsFrom(link, here)) return true;
    ({ predecessor: wanted, version: below } = link);
  }
  return false;
};
