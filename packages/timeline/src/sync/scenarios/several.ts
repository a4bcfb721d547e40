import { storedObject } from '../../objects/canonical.ts';
import type { SyncScenario } from './scenario.ts';
import { situation } from './situation.ts';

export const multiple: SyncScenario = {
  number: 6,
  title: 'Multiple timelines',
  about: 'Timelines that have nothing to do with each other, in one saga: all of them, or none.',
  situations: [
    situation(
      'alpha and beta are new to B',
      {
        setUp: async (play) => {
          const [alpha, beta] = [await play.begin('alpha'), await play.begin('beta')];
          const frames = [await play.edit('a', alpha, { x: 1 }), await play.edit('a', beta, { x: 1 })];
          return { alpha, beta, frames };
        },
        run: async (play, { alpha, beta }) => {
          const wanted = { timelines: [alpha.address, beta.address] };
          const { result } = await play.sync(wanted, { fromA: 4, fromB: 0 });
          play.equal(
            'One saga speaks of both',
            result.timelines.map(({ outcome }) => outcome),
            ['pushed', 'pushed'],
          );
        },
        check: async (play, { alpha, beta, frames }) =>
          play.converged({ timelines: [alpha.address, beta.address] }, frames),
      },
      { b: 'holds' },
    ),
    situation('A is ahead in alpha, and B in beta', {
      setUp: async (play) => {
        const [alpha, beta] = [await play.begin('alpha', ['a', 'b']), await play.begin('beta', ['a', 'b'])];
        const frames = [await play.edit('a', alpha, { x: 1 }), await play.edit('b', beta, { x: 1 })];
        return { alpha, beta, frames };
      },
      run: async (play, { alpha, beta }) =>
        void (await play.sync({ timelines: [alpha.address, beta.address] }, { fromA: 1, fromB: 1 })),
      check: async (play, { alpha, beta, frames }) =>
        play.converged({ timelines: [alpha.address, beta.address] }, frames),
    }),
    situation(
      'a frame of beta is wrong, and so alpha stays where it is as well',
      {
        setUp: async (play) => {
          const [alpha, beta] = [await play.begin('alpha', ['a', 'b']), await play.begin('beta', ['a', 'b'])];
          await play.edit('a', alpha, { x: 1 });
          // A frame whose height does not follow from its parent: nobody's own program makes one.
          const wrong = await storedObject({
            ...(await play.edit('a', beta, { x: 1 })).frame,
            height: 7,
            data: { x: 2 },
          });
          const swaps = [
            { timeline: beta.address, from: await play.space('a').tip(beta.address), to: wrong.address },
          ];
          await play.space('a').commit({ objects: [wrong], swaps });
          return { alpha, beta };
        },
        run: async (play, { alpha, beta }) => {
          const kind = await play.problemOf({ timelines: [alpha.address, beta.address] });
          play.equal('The saga ends with the kind of the fault', kind, 'bad-frame');
        },
        check: async (play, { alpha, beta }) => {
          const tips = [await play.space('b').tip(alpha.address), await play.space('b').tip(beta.address)];
          play.equal('Neither has moved at B', tips, [alpha.address, beta.address]);
        },
      },
      { b: 'holds' },
    ),
  ],
};
