import type { FrameObject } from '../../objects/parsed-object.ts';
import type { Play } from './play.ts';
import type { SyncScenario } from './scenario.ts';
import { situation } from './situation.ts';

/** Members that the merged data has to have, because somebody once wrote them. */
const expectEdits = async (play: Play, name: string, timeline: FrameObject, edits: object) => {
  for (const side of ['a', 'b'] as const) {
    play.equal(
      `every edit ever made to ${name} is at ${side.toUpperCase()}`,
      (await play.tip(side, timeline)).frame.data,
      edits,
    );
  }
};

export const rounds: SyncScenario = {
  number: 10,
  title: 'Several rounds',
  about: 'Merges upon merges, of timelines of which there are more in every round.',
  situations: [
    situation('three rounds of edits at both sides', {
      setUp: async (play) => {
        const [alpha, beta] = [await play.begin('alpha'), await play.begin('beta')];
        await play.edit('a', alpha, { a0: 0 });
        await play.edit('a', beta, { a0: 0 });
        return { alpha, beta };
      },
      run: async (play, { alpha, beta }) => {
        const wanted = { timelines: [alpha.address, beta.address] };
        play.part = 'Round 1';
        await play.sync(wanted, { fromA: 4, fromB: 0 });
        await play.converged(wanted);

        play.part = 'Round 2';
        await play.change('a', alpha, { a1: 1 });
        await play.change('a', beta, { a1: 1 });
        await play.change('b', alpha, { b1: 1 });
        await play.change('b', beta, { b1: 1 });
        // Two frames of each side, and two in which they come together.
        await play.sync(wanted, { fromA: 4, fromB: 2 });
        await expectEdits(play, 'alpha', alpha, { a0: 0, a1: 1, b1: 1 });
        await expectEdits(play, 'beta', beta, { a0: 0, a1: 1, b1: 1 });
        await play.converged(wanted);

        play.part = 'Round 3';
        const before = await play.tip('a', alpha);
        await play.change('a', alpha, { a2: 2 });
        await play.change('a', alpha, { a3: 3 });
        const gamma = await play.begin('gamma', ['b']);
        const g1 = await play.edit('b', gamma, { z: 1 });
        await play.change('b', alpha, { b2: 2 }, { uses: [g1.address] });
        await play.change('b', beta, { b2: 2 });
        await play.sync(wanted, { fromA: 2, fromB: 5 }, 'b');
        await expectEdits(play, 'alpha', alpha, { a0: 0, a1: 1, a2: 2, a3: 3, b1: 1, b2: 2 });
        await expectEdits(play, 'beta', beta, { a0: 0, a1: 1, b1: 1, b2: 2 });
        const { frame } = await play.tip('a', alpha);
        const merge = frame.timeline === null ? undefined : frame.merge;
        play.equal('The later merge builds on the earlier one', merge?.base, [before.address]);
      },
      check: async (play, { alpha, beta }) => {
        play.part = 'In the end';
        await play.converged({ timelines: [alpha.address, beta.address] });
      },
    }),
  ],
};
