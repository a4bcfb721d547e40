import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  append,
  loadFrame,
  makeGenesis,
  MemorySpace,
  type FrameObject,
  type Links,
} from '../../src/index.ts';
import { put } from './support/diverged.ts';
import { connection } from './support/memory-pair.ts';

const replica = fc.integer({ min: 0, max: 2 });

/** What happens next: somebody edits one of the timelines, maybe relating it to a new one, or two replicas meet. */
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('edit' as const),
      at: replica,
      timeline: fc.integer({ min: 0, max: 1 }),
      relates: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('sync' as const), from: replica, to: replica }) },
);

test('[SYNC-19] whatever the schedule, replicas that meet often enough have the same tips, with every edit ever made', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      const spaces = [new MemorySpace(), new MemorySpace(), new MemorySpace()] as const;
      const roots = [await makeGenesis({ n: 0 }), await makeGenesis({ n: 1 })];
      for (const space of spaces) for (const root of roots) put(space, [root]);
      const timelines = roots.map(({ address }) => address);
      const edits = roots.map((): string[] => []);
      const begun: FrameObject[] = [];

      const sync = async (from: number, to: number) => {
        const { session } = await connection({ space: spaces[from]!, other: spaces[to]! });
        return session.sync({ timelines }).done;
      };
      for (const [index, next] of steps.entries()) {
        if (next.type === 'sync') {
          if (next.from !== next.to) await sync(next.from, next.to);
          continue;
        }
        const space = spaces[next.at]!;
        const tip = await loadFrame(space, space.tip(timelines[next.timeline]!)!);
        let links: Links = tip.frame.links;
        if (next.relates) {
          const related = await makeGenesis({ begun: index });
          put(space, [related]);
          begun.push(related);
          links = { ...links, [`to${index}`]: [related.address] };
        }
        edits[next.timeline]!.push(`edit${index}`);
        put(space, [await append(tip, { data: { ...tip.frame.data, [`edit${index}`]: index }, links })]);
      }

      // Once around and back: what any replica has reaches all.
      for (const [from, to] of [
        [0, 1],
        [1, 2],
        [0, 1],
      ] as const)
        await sync(from, to);
      for (const [index, timeline] of timelines.entries()) {
        const tips = spaces.map((space) => space.tip(timeline));
        expect(new Set(tips).size).toBe(1);
        const { frame } = await loadFrame(spaces[0], tips[0]!);
        expect(Object.keys(frame.data).filter((key) => key !== 'n')).toEqual(edits[index]!.toSorted());
      }
      for (const { address } of begun)
        expect(spaces.map((space) => space.tip(address))).toEqual([address, address, address]);
      for (const [from, to] of [
        [0, 1],
        [1, 2],
        [2, 0],
      ] as const) {
        expect(await sync(from, to)).toMatchObject({
          sent: { objects: 0 },
          received: { objects: 0 },
          turns: 2,
        });
      }
    }),
    { seed: 20_251_120, numRuns: 20 },
  );
});
