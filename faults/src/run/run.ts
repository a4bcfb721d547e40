import { setTimeout as pause } from 'node:timers/promises';

import { check, isClean, type Verdict } from '../checker/check.ts';
import { HistoryTail } from '../history/history-tail.ts';
import { HistoryWriter } from '../history/history-writer.ts';
import { readHistory } from '../history/read-history.ts';
import { heal, inject } from '../injection/inject.ts';
import { Hostile } from '../participants/hostile.ts';
import { observeAll } from '../participants/observer.ts';
import { Operator } from '../participants/operator.ts';
import { DoesNotStart, type Death } from '../processes/kept-process.ts';
import { Draw } from '../schedule/draw.ts';
import type { Roster } from '../schedule/roster.ts';
import { lineOf, type PlannedRound } from '../schedule/schedule.ts';
import { Cluster, type Plants } from './cluster.ts';
import { Progress } from './progress.ts';
import { Quiescence } from './quiescence.ts';

export interface RunOptions {
  readonly seed: number;
  readonly roster: Roster;
  /** Rounds to be played, one after the other; where they have no end, `minutes` is one. */
  readonly rounds: Iterable<PlannedRound>;
  /** How long new rounds begin. */
  readonly minutes: number;
  readonly plants?: Plants;
  readonly signal: AbortSignal;
  readonly tell: Tell;
  /** Called with the folder before it is removed. */
  readonly beforeRemoval: (folder: string, verdict: Verdict | undefined) => 'keep' | 'remove';
}

/** What happens, for people. */
export interface Tell {
  line(text: string): void;
  progress(progress: Progress): void;
}

const lookEveryMs = 100;
/** Between rounds, everything works and everyone pushes. */
const calmMs = 400;

/** Runs faults against an installation of its own for so many minutes, and holds what came of it against the promises. */
export const run = async (options: RunOptions): Promise<Verdict> => {
  const { roster, seed, minutes, plants, signal, tell, beforeRemoval } = options;
  const died = ({ name, how }: Death): void => tell.line(`${name} ended by itself: ${how}`);
  const cluster = await Cluster.start({ roster, seed, plants, died, signal });
  let verdict: Verdict | undefined;
  try {
    const { store, relays } = roster;
    cluster.writer.tell({ kind: 'run', seed, minutes, nodes: relays.length, store });
    const broken = await brokenBy(() =>
      underWatch(cluster, tell, (progress) => play(cluster, progress, options)),
    );
    verdict = check(readHistory(cluster.logs));
    // What does not come back has lost what it owed; where nothing shows that, nothing can be said at all.
    if (broken !== undefined) tell.line(broken.message);
    if (broken !== undefined && isClean(verdict.summary)) throw broken;
    return verdict;
  } finally {
    if (beforeRemoval(cluster.folder, verdict) === 'keep') cluster.keep();
    await cluster.close();
  }
};

/** What kept a run from being played to its end; whatever else goes wrong is thrown. */
const brokenBy = async (work: () => Promise<void>): Promise<DoesNotStart | undefined> => {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof DoesNotStart) return error;
    throw error;
  }
};

/** Follows the history while something is done. */
const underWatch = async (
  { logs }: Cluster,
  tell: Tell,
  work: (progress: Progress) => Promise<void>,
): Promise<void> => {
  const progress = new Progress();
  const tail = new HistoryTail(logs);
  const done = new AbortController();
  const watch = async (): Promise<void> => {
    while (!done.signal.aborted) {
      progress.take(tail.take());
      tell.progress(progress);
      await pause(lookEveryMs, undefined, { signal: done.signal }).catch(() => undefined);
    }
  };
  const watching = watch();
  try {
    // A history that cannot be read ends the run as well.
    await Promise.race([work(progress), watching.then(() => new Promise<never>(() => undefined))]);
  } finally {
    done.abort();
    await watching.finally(() => tail.close());
  }
};

const play = async (
  cluster: Cluster,
  progress: Progress,
  { seed, rounds, minutes, signal, tell }: RunOptions,
): Promise<void> => {
  const { apiUrl, relayUrl, joinCode, writer, roster } = cluster;
  const hostile = await Hostile.join({ apiUrl, relayUrl, joinCode, draw: new Draw(seed, 'hostile') }, writer);
  const operator = new Operator(apiUrl, relayUrl, writer);
  const quiescence = new Quiescence(cluster, operator, progress, signal);
  const observer = new HistoryWriter(cluster.logs, 'observer');
  const over = new AbortController();
  const observing = observeAll(
    { apiUrl, relayUrl: cluster.link('observer>relay').url },
    observer,
    AbortSignal.any([signal, over.signal]),
  );
  try {
    await quiescence.untilJoined();
    await Promise.all(roster.senders.map((name) => cluster.process(name).start(signal)));
    const endsAt = performance.now() + minutes * 60_000;
    for (const round of rounds) {
      if (performance.now() >= endsAt) break;
      tell.line(lineOf(round));
      await playRound(round, cluster, hostile, signal);
      if (!(await quiescence.untilConverged())) tell.line(`round ${round.round} has not converged`);
      writer.tell({ kind: 'converged', round: round.round });
      await pause(calmMs, undefined, { signal });
    }
    await quiescence.untilSettled(tell);
  } finally {
    over.abort();
    await observing;
    observer.close();
    operator.close();
    hostile.close();
  }
};

const playRound = async (
  { round, faults }: PlannedRound,
  cluster: Cluster,
  hostile: Hostile,
  signal: AbortSignal,
): Promise<void> => {
  const { writer } = cluster;
  writer.tell({ kind: 'round', round });
  await Promise.all(
    faults.map(async (planned) => {
      await pause(planned.afterMs, undefined, { signal });
      const kills = await inject(planned, { cluster, hostile, signal });
      writer.tell({ kind: 'fault', round, fault: planned.fault, whom: planned.whom, kills });
    }),
  );
  await heal(cluster, signal);
  writer.tell({ kind: 'healed', round });
};
