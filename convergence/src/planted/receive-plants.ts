import { ok } from '@cd-push/protocol';

import type { Plant } from './plant.ts';

export const receivePlants: readonly Plant[] = [
  {
    name: 'takes in what it has not looked at',
    foundBy: ['divergences'],
    into: (engine) => ({
      ...engine,
      receive: async (space, objects, swaps) => {
        await space.commit({ objects, swaps });
        return ok({ objects, swaps });
      },
    }),
  },
  {
    name: 'moves tips before their objects are there',
    foundBy: ['divergences'],
    into: (engine) => ({
      ...engine,
      receive: async (space, objects, swaps, checks) => {
        await space.commit({ objects: [], swaps });
        return engine.receive(space, objects, [], checks);
      },
    }),
  },
  {
    name: 'moves a tip that has moved meanwhile',
    foundBy: ['lostEdits', 'divergences'],
    into: (engine) => ({
      ...engine,
      receive: async (space, objects, swaps, checks) => {
        const received = await engine.receive(space, objects, swaps, checks);
        if (received.ok || received.problem.kind !== 'tip-moved') return received;
        const now = await Promise.all(
          swaps.map(async (swap) => ({ ...swap, from: await space.tip(swap.timeline) })),
        );
        await space.commit({ objects, swaps: now });
        return ok({ objects, swaps: now });
      },
    }),
  },
  {
    name: 'takes the other tip without merging',
    foundBy: ['lostEdits', 'divergences'],
    into: (engine) => ({
      merge: async (_space, _ours, theirs) => ({ tip: theirs, objects: [] }),
      receive: async (space, objects, swaps, checks) => {
        const received = await engine.receive(space, objects, [], checks);
        if (received.ok) await space.commit({ objects: [], swaps });
        return received;
      },
    }),
  },
];
