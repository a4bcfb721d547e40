import { limits, ok, problemOf, refuse, type PatchHead, type Problem, type Result } from '@cd-push/protocol';
import type { TrustRoot } from '@cd-push/timeline';

import type { Standing } from '../record/running-state.ts';
import { followsFrom } from './follows-from.ts';
import type { TrustedPatch } from './push.ts';
import type { Verifier } from './verify-push.ts';

export interface VersionVerdict {
  /** Patches that are new here, by their index in the statement. Empty where all of it stands already. */
  readonly fresh: readonly number[];
}

/**
 * Versions only rise, and each follows from the one in place. A push of several files of which some were overtaken
 * meanwhile still brings the others: what a later push replaced is not missing.
 *
 * @param standing what stands here at a resource.
 */
export const checkVersions = async (
  push: TrustedPatch,
  standing: (resource: string) => Standing,
  verifier: Verifier,
  root: TrustRoot,
): Promise<Result<VersionVerdict, Problem>> => {
  const fresh: number[] = [];
  let stale: Problem | undefined;
  for (const [index, head] of push.statement.patches.entries()) {
    const path = `/pushData/statement/patches/${index}`;
    if (head.version > push.statement.issuedAt + limits.clockSkewMs) return refuse(ahead(head, path));
    const here = standing(head.resource);
    const { latest } = here;
    // What was served is here under its own digest, which a push that goes back to it cannot name.
    const isLatest =
      head.version === latest.version && (head.digest === latest.digest || head.restores === 0);
    if (head.version <= latest.version && !isLatest) {
      stale ??= staleAt(head.version, head.resource, here, path);
      continue;
    }
    // The name that a rename takes away may have got content of its own since.
    const former = head.from === undefined ? undefined : standing(head.from);
    if (
      !isLatest &&
      former !== undefined &&
      head.from !== undefined &&
      former.latest.version >= head.version
    ) {
      stale ??= staleAt(head.version, head.from, former, path);
      continue;
    }
    if (isLatest) {
      // What failed is tried again; how it follows was clear when it failed.
      if (latest.outcome !== 'applied') fresh.push(index);
      continue;
    }
    if (!followsFrom(head, here) && !(await isBridged(push, head, here, verifier, root))) {
      return refuse(
        problemOf('broken-chain', {
          path: `${path}/predecessor`,
          resource: head.resource,
          current: { version: here.version, digest: here.digest },
          detail:
            'The version does not follow from the one in place, and no signed version between them came along.',
        }),
      );
    }
    fresh.push(index);
  }
  if (fresh.length === 0 && stale !== undefined) return refuse(stale);
  return ok({ fresh });
};

/** Whether signed versions that came along lead from what is in place to this one. */
const isBridged = async (
  push: TrustedPatch,
  head: PatchHead,
  here: Standing,
  verifier: Verifier,
  root: TrustRoot,
): Promise<boolean> => {
  const skipped = push.parsed.data.skipped ?? [];
  if (skipped.length === 0) return false;
  const { isExplained } = await import('./skipped-versions.ts');
  return isExplained(push, skipped, head, here, verifier, root);
};

const staleAt = (version: number, resource: string, { latest }: Standing, path: string): Problem =>
  problemOf('stale-version', {
    path: `${path}/version`,
    resource,
    current: { version: latest.version, digest: latest.digest },
    detail: `Version ${version} is not higher than the one that is known here.`,
  });

const ahead = (head: PatchHead, path: string): Problem =>
  problemOf('bad-signature', {
    path: `${path}/version`,
    resource: head.resource,
    detail: 'The version runs ahead of the time at which it was signed, and would lock out all that follow.',
  });
