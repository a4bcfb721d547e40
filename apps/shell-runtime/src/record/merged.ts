import type { ResourceRecord } from './record-store.ts';

/**
 * What stands after a tab wrote its view of a resource. Another tab may be ahead, and its healthy version stays; unless
 * this one saw that very version crash.
 */
export const merged = (stored: ResourceRecord | undefined, written: ResourceRecord): ResourceRecord => {
  const crashed = written.next?.outcome === 'crashed' ? written.next.version : 0;
  const reach = Math.max(written.good?.version ?? 0, crashed);
  return stored !== undefined && (stored.good?.version ?? 0) > reach ? stored : written;
};
