import { describe, expect, test } from 'vitest';

import { faultsOf } from '../src/schedule/fault-kinds.ts';
import { rosterOf, usualCrowd, type StoreKind } from '../src/schedule/roster.ts';
import { lineOf, scheduleOf } from '../src/schedule/schedule.ts';

const roundsOf = (seed: number, store: StoreKind, count: number) => {
  const roster = rosterOf(store, { nodes: store === 'postgres' ? 2 : 1, ...usualCrowd });
  const schedule = scheduleOf(seed, roster);
  return { roster, rounds: Array.from({ length: count }, () => schedule.next().value) };
};

describe('the schedule', () => {
  test('is the same for the same seed, and another for another', () => {
    const lines = (seed: number) => roundsOf(seed, 'postgres', 20).rounds.map(lineOf);
    expect(lines(7)).toEqual(lines(7));
    expect(lines(8)).not.toEqual(lines(7));
    // As whoever replays a run of that seed will read it.
    expect(lines(1)[0]).toMatchInlineSnapshot(
      `"round 1: relay-kill relay-1 at 814 ms for 414 ms; sender-kill sender-3 at 1097 ms for 806 ms; half-open relay-1>postgres ×0 at 1748 ms for 1680 ms"`,
    );
  });

  test.each(['postgres', 'sqlite'] as const)(
    'brings every kind three times and twenty kills within thirty-two rounds on %s, whatever the seed',
    (store) => {
      for (let seed = 0; seed < 50; seed += 1) {
        const { roster, rounds } = roundsOf(seed, store, 32);
        const faults = rounds.flatMap((round) => round.faults);
        for (const kind of faultsOf(roster))
          expect(faults.filter(({ fault }) => fault === kind).length).toBeGreaterThanOrEqual(3);
        const kills = faults.filter(({ fault }) => fault.endsWith('-kill'));
        expect(kills.reduce((sum, { amount }) => sum + amount, 0)).toBeGreaterThanOrEqual(20);
      }
    },
  );

  test('does nothing to what is not there', () => {
    const { rounds } = roundsOf(1, 'sqlite', 40);
    const faults = rounds.flatMap((round) => round.faults);
    expect(faults.filter(({ fault, whom }) => /postgres|redis/u.test(`${fault} ${whom}`))).toEqual([]);
  });
});
