import type { EpochMs, PatchHead, Statement } from '@cd-push/protocol';

import { noHead, type KnownHead } from './head-cache.ts';

/**
 * A statement that was never signed, upon what is in place. Versions are a hybrid logical clock: above the one in place,
 * and not below the time at which the change was made. That time does not count where it comes from a clock that ran
 * ahead, as no version runs ahead of its issue.
 *
 * @param heads what each patch follows, in their order.
 */
export const placeStatement = (
  statement: Statement,
  heads: readonly KnownHead[],
  issuedAt: EpochMs,
): Statement =>
  withPatches(statement, (patch, index) => {
    const { version, digest } = heads[index] ?? noHead;
    return {
      ...patch,
      version: Math.max(version + 1, Math.min(statement.issuedAt, issuedAt)),
      predecessor: digest,
    };
  });

/**
 * A statement that was signed and not accepted, as it is signed anew. Each patch follows what it followed. Its version is
 * lowered where it came from a clock that ran ahead, and never raised: what was put there since is not to be undone.
 *
 * @param heads what is in place of what each patch follows, in their order.
 */
export const placeStatementAnew = (
  statement: Statement,
  heads: readonly KnownHead[],
  issuedAt: EpochMs,
): Statement =>
  withPatches(statement, (patch, index) => {
    const { version } = heads[index] ?? noHead;
    return { ...patch, version: Math.min(patch.version, Math.max(version + 1, issuedAt)) };
  });

const withPatches = (
  statement: Statement,
  place: (patch: PatchHead, index: number) => PatchHead,
): Statement =>
  statement.kind === 'patch' ? { ...statement, patches: statement.patches.map(place) } : statement;
