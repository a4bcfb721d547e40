import { describe, expect, test } from 'vitest';

import {
  closure,
  contextControl,
  identityControl,
  sessionControl,
  storedObject,
  type Address,
  type Space,
} from '../../src/index.ts';
import { diverged } from './support/diverged.ts';
import { connection } from './support/memory-pair.ts';
import { connectTo, newParty } from './support/party.ts';

const controls = [identityControl, sessionControl, contextControl];

const graphOf = async (space: Space, root: Address): Promise<string[]> => {
  const addresses: string[] = [];
  for await (const { address } of closure(space, [root], { controls })) addresses.push(address);
  return addresses.toSorted();
};

describe('[SYNC-17] before a saga', () => {
  test('a session begins with S0, which the next event of its identity, I1, claims for the verb sync', async () => {
    const { session, events } = await newParty();
    expect(session.n).toBe(0);
    expect(events.map(({ n }) => n)).toEqual([0, 1]);
    expect(events[1]).toMatchObject({ op: 'claim', verb: 'sync', target: session.address });
  });

  test('to connect takes S to S1, and exactly what was demanded is spent', async () => {
    const [party, server] = [await newParty(), await newParty()];
    const { session, state, origin } = await connectTo(party, server);
    expect([session.n, state.n, state.tip]).toEqual([1, 1, session.tip]);
    expect(state.spent).toHaveLength(2);
    expect([...session.spent].toSorted()).toEqual([...state.spent].toSorted());
    expect(origin.frames.map(({ n }) => n)).toEqual([0, 1]);
  });
});

describe('[SYNC-18] after a saga', () => {
  const synced = async () => {
    const { a, b, timeline } = await diverged(2, 2, 2);
    const made = await connection({ space: a, other: b });
    const result = await made.session.sync({ timelines: [timeline] }).done;
    return { a, b, timeline, result, ...made };
  };

  test('each session has one frame for its connect, and one for each context that it has signed', async () => {
    const { result, n } = await synced();
    // init, have, delta and commit, and an answer to each.
    expect(result.turns).toBe(8);
    expect(n()).toEqual([1 + 4, 1 + 4]);
  });

  test('both spaces have I1 and the whole graphs of both sessions, of every context, and of what was synchronised', async () => {
    const { a, b, timeline, parties, tips } = await synced();
    for (const { events } of parties) {
      const claimed = await storedObject(events[1]!);
      for (const space of [a, b]) expect(space.get(claimed.address)).toBeDefined();
      expect(await graphOf(a, claimed.address)).toEqual(await graphOf(b, claimed.address));
    }
    for (const tip of tips()) {
      const graph = await graphOf(a, tip);
      // S0 to S5, the identity's first event, and the contexts: of this session, and those of the other between.
      expect(graph.length).toBeGreaterThanOrEqual(6 + 1 + 7);
      expect(await graphOf(b, tip)).toEqual(graph);
    }
    expect(await graphOf(a, a.tip(timeline)!)).toEqual(await graphOf(b, b.tip(timeline)!));
  });

  test('sessions have no tip among the timelines: they are found by what was signed', async () => {
    const { a, b, timeline } = await synced();
    for (const space of [a, b]) {
      expect(space.tips(undefined, 10).map((tip) => tip.timeline)).toEqual([timeline]);
    }
  });

  test('of sagas that change nothing nothing is kept, until something does', async () => {
    const { a, b, timeline } = await synced();
    const sizes = [a.size, b.size];
    const { session, tips } = await connection({ space: a, other: b, isKeptOpen: true });
    for (let n = 0; n < 5; n += 1) await session.sync({ timelines: [timeline] }).done;
    expect([a.size, b.size]).toEqual(sizes);
    const more = await diverged(0, 0, 0);
    a.commit({
      objects: [more.fork],
      swaps: [{ timeline: more.timeline, from: undefined, to: more.timeline }],
    });
    await session.sync({ timelines: [more.timeline] }).done;
    expect(await graphOf(b, tips()[1])).toEqual(await graphOf(a, tips()[1]));
  });
});
