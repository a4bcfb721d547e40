import { isConflict } from '../../frames/conflict.ts';
import type { FrameObject } from '../../objects/parsed-object.ts';
import type { Play } from './play.ts';
import type { Side, SyncScenario } from './scenario.ts';
import { situation } from './situation.ts';

/** Both sides have v1, and then each goes on by itself. */
const diverged = async (play: Play, name = 'alpha') => {
  const alpha = await play.begin(name, ['a', 'b']);
  const v1 = await play.edit('a', alpha, { x: 1, y: 1 });
  await play.edit('b', alpha, { x: 1, y: 1 });
  const a = await play.change('a', alpha, { x: 2 });
  const b = await play.change('b', alpha, { y: 2 });
  return { alpha, v1, a, b };
};

const expectMerge = async (
  play: Play,
  side: Side,
  alpha: FrameObject,
  one: FrameObject,
  other: FrameObject,
) => {
  const { frame } = await play.tip(side, alpha);
  const parents = [one.address, other.address].toSorted();
  const merge = frame.timeline === null ? undefined : frame.merge;
  play.equal('Its parents are the tips of both', frame.parents, parents);
  play.equal(
    'It says what was grafted onto what, and upon which common frame',
    merge && [[merge.graftbase, merge.graftorphan].toSorted(), merge.base.length],
    [parents, 1],
  );
};

export const divergence: SyncScenario = {
  number: 7,
  title: 'Divergence',
  about: 'Both sides have gone on from the same frame, in different fields.',
  situations: [
    situation('A changes x, B changes y', {
      setUp: (play) => diverged(play),
      run: async (play, { alpha }) =>
        void (await play.sync({ timelines: [alpha.address] }, { fromA: 2, fromB: 1 })),
      check: async (play, { alpha, v1, a, b }) => {
        play.equal('The merged frame has both edits', (await play.tip('a', alpha)).frame.data, {
          x: 2,
          y: 2,
        });
        await expectMerge(play, 'b', alpha, a, b);
        await play.converged({ timelines: [alpha.address] }, [alpha, v1, a, b]);
      },
    }),
    situation('the same, begun by B', {
      setUp: (play) => diverged(play),
      run: async (play, { alpha }) =>
        void (await play.sync({ timelines: [alpha.address] }, { fromA: 1, fromB: 2 }, 'b')),
      check: async (play, { alpha, v1, a, b }) => {
        play.equal('The data is the same', (await play.tip('b', alpha)).frame.data, { x: 2, y: 2 });
        await play.converged({ timelines: [alpha.address] }, [alpha, v1, a, b]);
      },
    }),
    situation('both change x: neither is lost, and both sides say the same of it', {
      setUp: async (play) => {
        const alpha = await play.begin('alpha', ['a', 'b']);
        for (const side of ['a', 'b'] as const) await play.edit(side, alpha, { x: 1 });
        const [a, b] = [await play.change('a', alpha, { x: 2 }), await play.change('b', alpha, { x: 3 })];
        return { alpha, a, b };
      },
      run: async (play, { alpha }) =>
        void (await play.sync({ timelines: [alpha.address] }, { fromA: 2, fromB: 1 })),
      check: async (play, { alpha, a, b }) => {
        const { x } = (await play.tip('b', alpha)).frame.data;
        const conflict = x !== undefined && isConflict(x) ? [x.base, x.sides] : x;
        play.equal('x is in conflict, with what it was and what each made of it, sorted', conflict, [
          1,
          [2, 3],
        ]);
        await play.converged({ timelines: [alpha.address] }, [alpha, a, b]);
      },
    }),
    situation(
      'abort: nothing changes anywhere',
      {
        setUp: (play) => diverged(play),
        run: async (play, { alpha }) => {
          const kind = await play.problemOf({ timelines: [alpha.address], strategy: 'abort' });
          play.equal('The saga ends as it was asked to', kind, 'sync-aborted');
        },
        check: async (play, { alpha, a, b }) => {
          const tips = [await play.space('a').tip(alpha.address), await play.space('b').tip(alpha.address)];
          play.equal('Both tips are where they were', tips, [a.address, b.address]);
          play.equal('A has not got B’s frame', (await play.space('a').has([b.address])).size, 0);
        },
      },
      { a: 'holds', b: 'holds' },
    ),
    situation(
      'manual: B’s frame comes to A, to be settled there',
      {
        setUp: (play) => diverged(play),
        run: async (play, { alpha }) => {
          const wanted = { timelines: [alpha.address], strategy: 'manual' } as const;
          const { result } = await play.sync(wanted, { fromA: 0, fromB: 1 });
          play.equal(
            'It is told as diverged',
            result.timelines.map(({ outcome }) => outcome),
            ['diverged'],
          );
        },
        check: async (play, { alpha, a, b }) => {
          const tips = [await play.space('a').tip(alpha.address), await play.space('b').tip(alpha.address)];
          play.equal('Both tips are where they were', tips, [a.address, b.address]);
          play.equal('A can read B’s frame', (await play.space('a').has([b.address])).size, 1);
        },
      },
      { a: 'holds', b: 'another' },
    ),
  ],
};

const relatedAt = (side: Side) =>
  situation(`${side === 'a' ? 'A' : 'B'} relates alpha to a new beta`, {
    setUp: async (play: Play) => {
      const { alpha, v1 } = await diverged(play);
      const beta = await play.begin('beta', [side]);
      const b1 = await play.edit(side, beta, { z: 1 });
      const related = await play.change(side, alpha, {}, { uses: [b1.address] });
      // The relation is to a frame; beta itself has gone on since.
      const b2 = await play.edit(side, beta, { z: 2 });
      return { alpha, v1, beta, b1, b2, related };
    },
    run: async (play, { alpha }) => {
      const [own, other] = [2 + 3, 1];
      // Its initiator sends the merged frame as well.
      const went = side === 'a' ? { fromA: own + 1, fromB: other } : { fromA: other + 1, fromB: own };
      await play.sync({ timelines: [alpha.address] }, went);
    },
    check: async (play, { alpha, v1, beta, b1, b2, related }) => {
      const other = side === 'a' ? 'b' : 'a';
      play.equal(
        'Beta’s tip is there though nobody named beta',
        await play.space(other).tip(beta.address),
        b2.address,
      );
      const { frame } = await play.tip(other, alpha);
      play.equal('The merged frame relates to beta', frame.links, { uses: [b1.address] });
      await play.converged({ timelines: [alpha.address] }, [v1, related, b1, b2]);
    },
  });

export const related: SyncScenario = {
  number: 8,
  title: 'Related timelines',
  about: 'One of two diverged sides relates the timeline to a new one, which comes along.',
  situations: [relatedAt('a'), relatedAt('b')],
};
