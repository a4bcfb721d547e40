import type { KeptVersion, ResourceRecord } from './record-store.ts';

/** What a start runs: for each resource the pending version, else the good one. */
export const startedWith = ({ good, next }: ResourceRecord): KeptVersion | null =>
  next?.outcome === 'pending' ? next.kept : good;

/**
 * The push that a start has to be wary of: of all that was not part of the last healthy start, the newest. Those that
 * wait for this start come before those that ran already.
 */
export const suspectsOf = (
  records: Iterable<ResourceRecord>,
): readonly (KeptVersion & { resource: string })[] => {
  const all = [...records];
  const pending = all.flatMap(({ resource, next }) =>
    next?.outcome === 'pending' ? [{ ...next.kept, resource }] : [],
  );
  const pool =
    pending.length > 0
      ? pending
      : all.flatMap(({ resource, good }) => (good === null ? [] : [{ ...good, resource }]));
  const newest = pool.reduce<(typeof pool)[number] | undefined>(
    (best, one) => (best === undefined || one.version > best.version ? one : best),
    undefined,
  );
  return newest === undefined ? [] : pool.filter(({ pushGuid }) => pushGuid === newest.pushGuid);
};

/** Pending versions that a start has come up with. */
export const afterStart = (records: Iterable<ResourceRecord>): ResourceRecord[] =>
  [...records].flatMap(({ resource, good, next }) =>
    next?.outcome === 'pending' ? [{ resource, good: next.kept, former: good, next: null }] : [],
  );
