import { counts, type Count } from '../checker/finding.ts';
import type { Engine } from '../engine/engine.ts';
import { runPart } from '../run/part.ts';
import { emptyTally, added, isClean, type Summary } from '../run/tally.ts';
import { mergePlants } from './merge-plants.ts';
import { receivePlants } from './receive-plants.ts';

/** Histories in which each fault has to be found, and in which nothing may be found where there is none. */
const mostHistories = 500;
const cleanHistories = 100;
const seed = 1;

export interface PlantedResult {
  readonly planted: string;
  /** The counts of which one at least must not be 0; none for the run without any fault. */
  readonly foundBy: readonly Count[];
  readonly isAsItShould: boolean;
  readonly summary: Summary;
}

/** Plays histories with each fault until it is found, and some with none, in which nothing may be found. */
export const runPlanted = async (engine: Engine, hear: (result: PlantedResult) => void): Promise<boolean> => {
  let isCalibrated = true;
  const tell = (result: PlantedResult): void => {
    isCalibrated &&= result.isAsItShould;
    hear(result);
  };
  for (const { name, foundBy, into } of [...mergePlants, ...receivePlants]) {
    const planted = into(engine);
    let tally = emptyTally;
    const isFound = (): boolean => foundBy.some((count) => tally.summary[count] > 0);
    for (let history = 1; history <= mostHistories && !isFound(); history += 1) {
      tally = added(tally, await runPart({ seed, from: history, histories: 1 }, planted));
    }
    tell({ planted: name, foundBy, isAsItShould: isFound(), summary: tally.summary });
  }
  const { summary } = await runPart({ seed, from: 1, histories: cleanHistories }, engine);
  tell({ planted: 'nothing', foundBy: [], isAsItShould: isClean(summary), summary });
  return isCalibrated;
};

/** What came of one, in a line. */
export const lineOfPlanted = ({ planted, foundBy, isAsItShould, summary }: PlantedResult): string => {
  const found = counts.filter((count) => summary[count] > 0);
  const numbers = found.map((count) => `${count} ${summary[count]}`).join(', ');
  if (foundBy.length === 0) {
    return `${planted}: ${isAsItShould ? `clean in ${summary.histories} histories` : `NOT CLEAN, ${numbers}`}`;
  }
  return isAsItShould
    ? `${planted}: found in history ${summary.histories} (${numbers})`
    : `${planted}: MISSED in ${summary.histories} histories, ${foundBy.join(' or ')} should not be 0`;
};
