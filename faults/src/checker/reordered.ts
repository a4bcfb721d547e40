import type { Finding } from './finding.ts';
import type { HistoryView, Life } from './history-view.ts';
import type { Places } from './places.ts';

/** Files that went back to an earlier push while a program ran. */
export const reorderedIn = (view: HistoryView, places: Places): Finding[] =>
  [...view.runtimes.values()].flatMap(({ name, lives }) =>
    lives.flatMap((life) => reorderedInLife(life, name, places)),
  );

const reorderedInLife = ({ start, effects }: Life, runtime: string, places: Places): Finding[] => {
  const standing = new Map<string, string | null>(Object.entries(start.standing));
  const findings: Finding[] = [];
  for (const { push, resource } of effects) {
    const before = standing.get(resource) ?? null;
    if (places.isBefore(push, before)) {
      const what = `took effect on ${resource} after ${before}, which was accepted later`;
      findings.push({ count: 'reordered', push, runtime, what });
    }
    standing.set(resource, push);
  }
  return findings;
};
