import type { Event } from '../history/event.ts';
import { catchUpP99Ms } from './catch-up.ts';
import { doubledIn } from './doubled.ts';
import { counts, type Count, type Finding } from './finding.ts';
import { viewOf } from './history-view.ts';
import { lostIn } from './lost.ts';
import { phantomIn } from './phantom.ts';
import { Places } from './places.ts';
import { regressedIn } from './regressed.ts';
import { reorderedIn } from './reordered.ts';

/** What a run says of itself, as `--json` prints it. */
export interface Summary extends Readonly<Record<Count, number>> {
  readonly rounds: number;
  /** Processes that were ended with SIGKILL. */
  readonly kills: number;
  /** How often each kind was injected. */
  readonly faults: Readonly<Record<string, number>>;
  readonly accepted: number;
  /** Deliveries that were held against the effects: one for each accepted push and each of its recipients. */
  readonly checked: number;
  readonly catchUpP99Ms: number;
}

export interface Verdict {
  readonly summary: Summary;
  readonly findings: readonly Finding[];
}

/** Holds a history against what was promised. Looks at nothing but the events. */
export const check = (events: readonly Event[]): Verdict => {
  const view = viewOf(events);
  const places = new Places(view);
  const { findings: lost, checked } = lostIn(view, places);
  const findings = [
    ...lost,
    ...doubledIn(view),
    ...reorderedIn(view, places),
    ...phantomIn(view),
    ...regressedIn(view),
  ];
  const faults = events.filter((event) => event.kind === 'fault');
  const summary: Summary = {
    rounds: events.filter(({ kind }) => kind === 'round').length,
    kills: faults.reduce((sum, { kills }) => sum + kills, 0),
    faults: tally(faults.map(({ fault }) => fault)),
    accepted: [...view.pushes.values()].filter(({ accepted }) => accepted !== undefined).length,
    checked,
    lost: numberOf('lost', findings),
    doubled: numberOf('doubled', findings),
    reordered: numberOf('reordered', findings),
    phantom: numberOf('phantom', findings),
    regressed: numberOf('regressed', findings),
    catchUpP99Ms: catchUpP99Ms(events, view),
  };
  return { summary, findings };
};

/** Whether nothing happened that must not. */
export const isClean = (summary: Summary): boolean => counts.every((count) => summary[count] === 0);

const numberOf = (count: Count, findings: readonly Finding[]): number =>
  findings.filter((finding) => finding.count === count).length;

const tally = (names: readonly string[]): Record<string, number> => {
  const times: Record<string, number> = {};
  for (const name of names.toSorted()) times[name] = (times[name] ?? 0) + 1;
  return times;
};
