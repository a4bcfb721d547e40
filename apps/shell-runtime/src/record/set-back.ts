import { problemOf, type Problem } from '@cd-push/protocol';

import type { Applying } from './applying-mark.ts';
import type { KeptVersion, NextVersion, ResourceRecord } from './record-store.ts';

const crashed: Problem = problemOf('crashed', {
  detail: 'The program hung or ended while this was applied. It is skipped until it is pushed again.',
});

/** What the record becomes when an instance is found to have died with this mark open. */
export const afterCrash = (
  applying: Applying,
  known: (resource: string) => ResourceRecord | undefined,
): ResourceRecord[] =>
  applying.resources.flatMap(({ resource, version, digest }) => {
    const record = known(resource) ?? { resource, good: null, former: null, next: null };
    const { attempt, statement } = applying;
    const next: NextVersion = { outcome: 'crashed', version, digest, attempt, statement, problem: crashed };
    switch (applying.kind) {
      case 'push':
        // Another tab took the same version in, and is well.
        return (record.good?.version ?? 0) >= version ? [] : [{ ...record, next }];
      case 'start':
        if (record.good?.version === version) return [{ resource, good: record.former, former: null, next }];
        return record.next?.version === version ? [{ ...record, next }] : [];
      default:
        return applying.kind satisfies never;
    }
  });

export const crashProblem = crashed;

/** Records without what revoked sessions, and sessions of revoked identities, have signed. Their versions stay known, so that older ones do not come back. */
export const withoutRevoked = (
  records: Iterable<ResourceRecord>,
  isRevoked: (kept: KeptVersion) => boolean,
): ResourceRecord[] => {
  const changed: ResourceRecord[] = [];
  for (const record of records) {
    const { good, former, next, resource } = record;
    const lost = good !== null && isRevoked(good) ? good : undefined;
    const unwanted = next?.outcome === 'pending' && isRevoked(next.kept) ? next.kept : undefined;
    if (lost === undefined && unwanted === undefined) continue;
    const kept = former !== null && !isRevoked(former) ? former : null;
    const still = lost === undefined ? good : kept;
    const gone = unwanted ?? lost;
    changed.push({ resource, good: still, former: null, next: gone === undefined ? next : refused(gone) });
  }
  return changed;
};

const refused = ({ version, digest, attempt, statement, session }: KeptVersion): NextVersion => ({
  outcome: 'crashed',
  version,
  digest,
  attempt,
  statement,
  problem: problemOf('session-revoked', { detail: `Session ${session}, which signed this, was ended.` }),
});

/**
 * Suspects that a start threw with go back. The start may have failed for another reason, such as the network; their
 * push is therefore tried once more when the relay sends it, as attempt 0 says.
 */
export const afterFailedStart = (
  suspects: readonly (KeptVersion & { resource: string })[],
  known: (resource: string) => ResourceRecord | undefined,
  problem: Problem,
): ResourceRecord[] =>
  suspects.flatMap(({ resource, version, digest, statement }) => {
    const record = known(resource);
    if (record === undefined) return [];
    const next: NextVersion = { outcome: 'crashed', version, digest, attempt: 0, statement, problem };
    return [
      record.good?.version === version
        ? { resource, good: record.former, former: null, next }
        : { ...record, next },
    ];
  });
