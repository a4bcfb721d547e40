/** What reads much of the journal counts for several of what reads little; what is read beyond that is charged then. */
const costs: ReadonlyMap<string, number> = new Map([
  ['observe', 4],
  ['list-pushes', 4],
  ['get-history', 4],
  ['get-changes', 4],
  ['get-audit', 4],
  ['runtime-hello', 4],
  ['list-timelines', 4],
  // Signatures to be made and checked.
  ['open-sync', 4],
  ['list-proposals', 4],
  ['propose-push', 4],
  ['approve-push', 4],
  ['sync-turn', 2],
]);

/** Members that may name thousands of things to look at, and how many of those count for one query. */
const lists: ReadonlyMap<string, { readonly member: string; readonly perToken: number }> = new Map([
  ['runtime-hello', { member: 'heads', perToken: 250 }],
  ['retry-push', { member: 'recipients', perToken: 100 }],
]);

/** What a message costs before it is looked at. */
export const costOf = (event: string, payload: unknown): number => {
  const cost = costs.get(event) ?? 1;
  const list = lists.get(event);
  if (list === undefined || typeof payload !== 'object' || payload === null) return cost;
  const named: unknown = Reflect.get(payload, list.member);
  return Array.isArray(named) ? cost + Math.floor(named.length / list.perToken) : cost;
};

/** Pushes that a runtime lacks, of which as many count for one query: to find them and to send them is work. */
const lacksPerToken = 20;

export const costOfCatchUp = (pushes: number): number => Math.floor(pushes / lacksPerToken);
