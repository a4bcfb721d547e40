import type { Engine } from '../engine/engine.ts';
import { shortOf } from '../objects/pool.ts';
import type { MergeMade, Replica } from '../replica/replica.ts';
import type { Finding } from './finding.ts';

/**
 * Merges that came out differently: by different replicas at different times, or once more at the end, by another one and with
 * the sides swapped.
 */
export const unstableAddresses = async (
  merges: readonly MergeMade[],
  replicas: readonly Replica[],
  engine: Engine,
): Promise<readonly Finding[]> => {
  const findings: Finding[] = [];
  const differs = (one: MergeMade, name: string, tip: string): void => {
    const what = `${shortOf(one.ours)} and ${shortOf(one.theirs)} come together in ${shortOf(one.tip)} with ${one.replica}, and in ${shortOf(tip)} with ${name}`;
    findings.push({ count: 'unstableAddresses', what });
  };
  const made = new Map<string, MergeMade>();
  for (const merge of merges) {
    const pair = [merge.ours, merge.theirs].toSorted().join(' ');
    const before = made.get(pair);
    if (before === undefined) made.set(pair, merge);
    else if (before.tip !== merge.tip) differs(before, merge.replica, merge.tip);
  }
  for (const merge of made.values()) {
    const other = replicas.find(({ name }) => name !== merge.replica);
    if (other === undefined) continue;
    const { tip } = await engine.merge(other.space, merge.theirs, merge.ours);
    if (tip !== merge.tip) differs(merge, `${other.name}, sides swapped`, tip);
  }
  return findings;
};
