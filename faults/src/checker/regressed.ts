import type { EventOf, Track } from '../history/event.ts';
import type { Finding } from './finding.ts';
import { rankOf, type HistoryView } from './history-view.ts';

/** What one reader was told after it had been told better. */
export const regressedIn = (view: HistoryView): Finding[] =>
  [...view.reads].flatMap(([reader, reads]) => regressedFor(reader, reads));

const regressedFor = (reader: string, reads: readonly (EventOf<'read'> | EventOf<'absent'>)[]): Finding[] => {
  const findings: Finding[] = [];
  const known = new Map<string, Map<string, Track>>();
  for (const read of reads) {
    const { push } = read;
    const before = known.get(push) ?? new Map<string, Track>();
    known.set(push, before);
    if (read.kind === 'absent') {
      if (before.size > 0)
        findings.push({ count: 'regressed', push, what: `was known to ${reader}, and then it was not` });
      continue;
    }
    for (const track of read.tracks) {
      const last = before.get(track.recipient);
      if (last !== undefined && goesBack(last, track)) {
        const what = `at ${track.recipient} went from ${said(last)} to ${said(track)} for ${reader}`;
        findings.push({ count: 'regressed', push, what });
      } else before.set(track.recipient, track);
    }
  }
  return findings;
};

const goesBack = (last: Track, next: Track): boolean => {
  if (next.attempt !== last.attempt) return next.attempt < last.attempt;
  if (rankOf(next.stage) !== rankOf(last.stage)) return rankOf(next.stage) < rankOf(last.stage);
  return next.stage !== last.stage;
};

const said = ({ stage, attempt }: Track): string => `${stage} (attempt ${attempt})`;
