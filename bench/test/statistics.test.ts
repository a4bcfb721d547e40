import { describe, expect, it } from 'vitest';

import { asSpeed } from '../src/report/figure.ts';
import { median, medianInterval } from '../src/statistics/median.ts';
import { Rounds } from '../src/statistics/rounds.ts';

describe('a median', () => {
  it('is the middle, or the mean of the two middles', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, Number.NaN]);
  });

  it('lies in its interval, which takes in everything where there is little', () => {
    expect(medianInterval([5, 1, 3])).toEqual({ low: 1, high: 5 });
    const { low, high } = medianInterval(Array.from({ length: 101 }, (_, index) => index));
    expect(low).toBeGreaterThan(30);
    expect(high).toBe(100 - low);
  });
});

describe('rounds', () => {
  const runs = async (
    most: number,
    noise: (round: number) => number,
  ): Promise<{ rounds: Rounds; order: string[] }> => {
    const order: string[] = [];
    const variant = (name: string, value: (round: number) => number) => {
      let round = 0;
      return async () => {
        order.push(name);
        return { [name]: value(round++) };
      };
    };
    const rounds = await Rounds.run([variant('a', noise), variant('b', () => 1)], {
      fewest: 3,
      most,
      until: [['a', 'b']],
    });
    return { rounds, order };
  };

  it('begin with another variant each time', async () => {
    const { order } = await runs(3, () => 2);
    expect(order).toEqual(['a', 'b', 'b', 'a', 'a', 'b']);
  });

  it('end when the spread of the ratio is known', async () => {
    const { rounds } = await runs(50, () => 2);
    expect(rounds.summary().a?.rounds).toBe(3);
    expect(rounds.ratio('a', 'b')).toMatchObject({ ratio: 2, min: 2, max: 2, spread: 0 });
  });

  it('go on to their bound where it is not', async () => {
    const { rounds } = await runs(10, (round) => 1 + (round % 2));
    expect(rounds.summary().a?.rounds).toBe(10);
  });

  it('take a ratio within each round, so that what slows both changes nothing', async () => {
    const busy = [1, 4, 2];
    const rounds = await Rounds.run([async () => ({ a: 3 }), async () => ({ b: 1 })], { fewest: 1, most: 1 });
    expect(rounds.ratio('a', 'b').ratio).toBe(3);
    let round = 0;
    const slowed = await Rounds.run(
      [
        async () => ({ a: 3 * (busy[Math.floor(round++ / 2)] ?? 1) }),
        async () => ({ b: busy[Math.floor(round++ / 2)] ?? 1 }),
      ],
      { fewest: 3, most: 3 },
    );
    expect(slowed.ratio('a', 'b')).toMatchObject({ min: 3, max: 3 });
  });

  it('turned from times to speeds change their sides', () => {
    const speed = asSpeed({ ratio: 2, min: 1, max: 4, low: 1.6, high: 2.5, spread: 0.1 });
    expect(speed).toMatchObject({ ratio: 0.5, min: 0.25, max: 1, low: 0.4, high: 0.625 });
  });
});
