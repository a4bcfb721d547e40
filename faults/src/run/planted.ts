import { isClean, type Verdict } from '../checker/check.ts';
import { counts, type Count } from '../checker/finding.ts';
import type { FaultName } from '../schedule/fault-kinds.ts';
import { rosterOf } from '../schedule/roster.ts';
import type { PlannedFault, PlannedRound } from '../schedule/schedule.ts';
import type { Plants } from './cluster.ts';
import { run, type Tell } from './run.ts';

/** A fault of the product that was planted, and the count by which it has to be caught. */
interface Planted {
  readonly name: string;
  readonly plants: Plants;
  readonly caughtBy: Count;
  readonly rounds: readonly PlannedRound[];
}

const plant = (name: string): string => new URL(`../plants/${name}.ts`, import.meta.url).href;

const fault = (
  name: FaultName,
  whom: string,
  afterMs: number,
  lastsMs: number,
  amount = 1,
): PlannedFault => ({
  fault: name,
  whom,
  afterMs,
  lastsMs,
  amount,
});

const roundsOf = (...rounds: readonly (readonly PlannedFault[])[]): PlannedRound[] =>
  rounds.map((faults, index) => ({ round: index + 1, faults }));

/** The rounds come to their end long before. */
const longestMinutes = 10;

/** What brings each to light: what was answered before it was written is forgotten by a kill. */
const kills = [1_500, 900, 2_100].map((afterMs) => [fault('relay-kill', 'relay-1', afterMs, 300)]);
/** Acknowledgements that are on their way when the connection breaks: the relay sends once more what they were about. */
const lostAcknowledgements = ['runtime-1', 'runtime-2', 'runtime-1'].map((name) => [
  fault('one-way', `${name}>relay`, 300, 2_500, 0),
  fault('reset', `${name}>relay`, 2_400, 50),
]);
const endedSession = [[fault('session-end', 'former', 300, 500)]];

const all: readonly Planted[] = [
  {
    name: 'acknowledge before commit',
    plants: { relay: plant('acknowledge-before-commit') },
    caughtBy: 'lost',
    rounds: roundsOf(...kills),
  },
  {
    name: 'no ledger',
    plants: { runtime: plant('no-ledger') },
    caughtBy: 'doubled',
    rounds: roundsOf(...lostAcknowledgements),
  },
  {
    name: 'no session check on resume',
    plants: { relay: plant('no-session-check') },
    caughtBy: 'phantom',
    rounds: roundsOf(...endedSession),
  },
];

export interface PlantedResult {
  readonly name: string;
  /** The count by which it has to be caught; undefined for the run without any. */
  readonly caughtBy: Count | undefined;
  readonly isAsItShould: boolean;
  readonly verdict: Verdict;
}

/** Runs with each fault that was planted, and through all of their rounds with none, which must come out clean. */
export const runPlanted = async (
  signal: AbortSignal,
  tell: Tell,
  hear: (result: PlantedResult) => void,
): Promise<boolean> => {
  let isCalibrated = true;
  const play = async (
    { name, plants, rounds }: Omit<Planted, 'caughtBy'>,
    caughtBy: Count | undefined,
  ): Promise<void> => {
    tell.line(`planted: ${name}`);
    const verdict = await run({
      seed: 1,
      roster: rosterOf('sqlite', { nodes: 1, senders: 2, runtimes: 2 }),
      rounds,
      minutes: longestMinutes,
      plants,
      signal,
      tell,
      beforeRemoval: () => 'remove',
    });
    const isAsItShould = caughtBy === undefined ? isClean(verdict.summary) : verdict.summary[caughtBy] > 0;
    isCalibrated &&= isAsItShould;
    hear({ name, caughtBy, isAsItShould, verdict });
  };
  for (const planted of all) await play(planted, planted.caughtBy);
  const rounds = roundsOf(...kills, ...lostAcknowledgements, ...endedSession);
  await play({ name: 'nothing', plants: {}, rounds }, undefined);
  return isCalibrated;
};

/** What came of one, in a line. */
export const lineOfPlanted = ({ name, caughtBy, isAsItShould, verdict }: PlantedResult): string => {
  const found = counts.filter((count) => verdict.summary[count] > 0);
  const numbers = found.map((count) => `${count} ${verdict.summary[count]}`).join(', ');
  if (caughtBy === undefined) return `${name}: ${isAsItShould ? 'clean' : `NOT CLEAN, ${numbers}`}`;
  return `${name}: ${isAsItShould ? 'caught' : `MISSED, ${caughtBy} should not be 0`}${numbers === '' ? '' : ` (${numbers})`}`;
};
