import type { FrameObject } from '../../objects/parsed-object.ts';
import { linkTo } from '../../objects/value.ts';
import type { Play } from './play.ts';
import type { SyncScenario } from './scenario.ts';
import { situation } from './situation.ts';

export const push: SyncScenario = {
  number: 1,
  title: 'Push',
  about: 'A timeline that one side has and the other has never seen.',
  situations: [
    situation(
      'B has nothing of it',
      {
        setUp: async (play) => {
          const alpha = await play.begin('alpha');
          const v1 = await play.edit('a', alpha, { x: 1 });
          return { alpha, v1 };
        },
        run: async (play, { alpha }) =>
          void (await play.sync({ timelines: [alpha.address] }, { fromA: 2, fromB: 0 })),
        check: async (play, { alpha, v1 }) => {
          play.equal('B has A’s tip', await play.space('b').tip(alpha.address), v1.address);
          play.equal('A’s tip stays', await play.space('a').tip(alpha.address), v1.address);
          await play.converged({ timelines: [alpha.address] }, [alpha, v1]);
        },
      },
      { b: 'holds' },
    ),
    situation(
      'it brings the contents of its files along, each once',
      {
        setUp: async (play) => {
          const alpha = await play.begin('alpha');
          const [one, other] = [await play.blob('a', 'one'), await play.blob('a', 'other')];
          const frames: FrameObject[] = [];
          for (const content of [one, other, one]) {
            frames.push(await play.edit('a', alpha, { source: linkTo(content.address) }));
          }
          return { alpha, frames };
        },
        run: async (play, { alpha }) =>
          void (await play.sync({ timelines: [alpha.address] }, { fromA: 6, fromB: 0 })),
        check: async (play, { alpha, frames }) => play.converged({ timelines: [alpha.address] }, frames),
      },
      { b: 'holds' },
    ),
  ],
};

export const constants: SyncScenario = {
  number: 2,
  title: 'Constants',
  about: 'Objects without a timeline, with those that they refer to.',
  situations: [
    situation(
      'c2 refers to c1; then comes c3, which does too',
      {
        setUp: async (play) => {
          const c1 = await play.constant('a', 'c1');
          const c2 = await play.constant('a', 'c2', [c1.address]);
          return { c1, c2 };
        },
        run: async (play, { c1, c2 }) => {
          const tips = await play.space('b').tips(undefined, 10_000);
          await play.sync({ timelines: [], constants: [c2.address] }, { fromA: 2, fromB: 0 });
          play.equal(
            'B has no further tip',
            (await play.space('b').tips(undefined, 10_000)).length,
            tips.length,
          );
          await play.converged({ timelines: [], constants: [c2.address] });
          const c3 = await play.constant('a', 'c3', [c1.address]);
          await play.sync({ timelines: [], constants: [c3.address] }, { fromA: 1, fromB: 0 });
          const here = await play.space('b').has([c1.address, c2.address, c3.address]);
          play.equal('B has all three', here.size, 3);
        },
        check: async (play, { c2 }) => play.converged({ timelines: [], constants: [c2.address] }),
      },
      { b: 'holds' },
    ),
    situation(
      'B has one that A wants',
      {
        setUp: async (play) => {
          const c1 = await play.constant('b', 'c1');
          return { c2: await play.constant('b', 'c2', [c1.address]) };
        },
        run: async (play, { c2 }) =>
          void (await play.sync({ timelines: [], constants: [c2.address] }, { fromA: 0, fromB: 2 })),
        check: async (play, { c2 }) => play.converged({ timelines: [], constants: [c2.address] }),
      },
      { a: 'holds' },
    ),
  ],
};

export const partial: SyncScenario = {
  number: 3,
  title: 'Partial history',
  about: 'B has the beginning of a timeline that A has continued.',
  situations: [
    situation(
      'B has v0 and v1, A has v2',
      {
        setUp: async (play) => {
          const alpha = await play.begin('alpha', ['a', 'b']);
          const content = await play.blob('a', 'of v1');
          await play.blob('b', 'of v1');
          const v1 = await play.edit('a', alpha, { x: 1, source: linkTo(content.address) });
          await play.edit('b', alpha, { x: 1, source: linkTo(content.address) });
          const next = await play.blob('a', 'of v2');
          const v2 = await play.edit('a', alpha, { x: 2, source: linkTo(next.address) });
          return { alpha, v1, v2 };
        },
        run: async (play, { alpha }) =>
          void (await play.sync({ timelines: [alpha.address] }, { fromA: 2, fromB: 0 })),
        check: async (play, { alpha, v1, v2 }) => {
          const tip = await play.tip('b', alpha);
          play.equal('v2 stands upon B’s v1', [tip.address, tip.frame.parents], [v2.address, [v1.address]]);
          await play.converged({ timelines: [alpha.address] }, [alpha, v1, v2]);
        },
      },
      { b: 'holds' },
    ),
  ],
};

const deepBy = (edits: number) =>
  situation(
    `${edits} edits that B has not seen`,
    {
      setUp: async (play: Play) => {
        const alpha = await play.begin('alpha');
        for (let x = 1; x <= edits; x += 1) await play.edit('a', alpha, { x });
        return { alpha };
      },
      run: async (play, { alpha }) =>
        void (await play.sync({ timelines: [alpha.address] }, { fromA: edits + 1, fromB: 0 })),
      check: async (play, { alpha }) => {
        const heights = Array.from({ length: edits + 1 }, (_, index) => edits - index);
        play.equal(
          'The walk from B’s tip ends at the first frame, without a gap',
          await play.heights('b', alpha),
          heights,
        );
        await play.converged({ timelines: [alpha.address] });
      },
    },
    { b: 'holds' },
  );

export const deep: SyncScenario = {
  number: 4,
  title: 'Deep history',
  about: 'A long history arrives whole, frame by frame.',
  situations: [deepBy(5), deepBy(50)],
};

export const ahead: SyncScenario = {
  number: 5,
  title: 'Destination ahead',
  about: 'The side that asks learns that the other has gone on, and follows.',
  situations: [
    situation(
      'A has v1, B has v2, and A asks',
      {
        setUp: async (play) => {
          const alpha = await play.begin('alpha', ['a', 'b']);
          const v1 = await play.edit('a', alpha, { x: 1 });
          await play.edit('b', alpha, { x: 1 });
          const v2 = await play.edit('b', alpha, { x: 2 });
          return { alpha, v1, v2 };
        },
        run: async (play, { alpha }) =>
          void (await play.sync({ timelines: [alpha.address] }, { fromA: 0, fromB: 1 })),
        check: async (play, { alpha, v1, v2 }) => {
          play.equal(
            'A has B’s tip, and no merge was made',
            await play.space('a').tip(alpha.address),
            v2.address,
          );
          await play.converged({ timelines: [alpha.address] }, [alpha, v1, v2]);
        },
      },
      { a: 'holds' },
    ),
  ],
};
