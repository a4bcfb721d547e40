import { describe, expect, test } from 'vitest';

import {
  append,
  appendEntries,
  linkTo,
  makeConstant,
  makeGenesis,
  manifestGenesis,
  MemorySpace,
  storedBlob,
  syncLimits,
  type Address,
  type FrameObject,
  type Space,
  type SyncWanted,
} from '../../src/index.ts';
import { diverged, grow, put } from './support/diverged.ts';
import { connection } from './support/memory-pair.ts';

const sync = async (space: MemorySpace, other: MemorySpace, wanted: SyncWanted, limits = syncLimits) => {
  const texts: string[] = [];
  const { session } = await connection({
    space,
    other,
    limits,
    heard: (text) => texts.push(text),
  });
  const result = await session.sync(wanted).done;
  return {
    ...result,
    messages: texts.length,
    bytes: texts.join('').length,
    longest: Math.max(...texts.map((text) => text.length)),
  };
};

describe('what travels', () => {
  test('of two histories that parted long ago goes what was done since, whatever is common', async () => {
    const { a, b, timeline } = await diverged(300, 150, 100);
    const { sent, received, messages } = await sync(a, b, { timelines: [timeline] });
    expect([sent.objects, received.objects]).toEqual([151, 100]);
    // init; have in batches of 32, 64, 128; delta; commit: each with its answer.
    expect(messages).toBe(12);
    expect(a.tip(timeline)).toBe(b.tip(timeline));
  });

  test('of histories that were merged before, nothing that came together then', async () => {
    const { a, b, timeline, genesis } = await diverged(10, 20, 20);
    await sync(a, b, { timelines: [timeline] });
    const merged = a.tip(timeline);
    for (const [space, name] of [
      [a, 'c'],
      [b, 'd'],
    ] as const) {
      const tip = await append({ ...genesis, address: merged!, height: 31 }, { data: { [name]: 1 } });
      put(space, [tip]);
    }
    const { sent, received } = await sync(a, b, { timelines: [timeline] });
    expect([sent.objects, received.objects]).toEqual([2, 1]);
  });

  test('a blob that a peer has by another timeline does not go again', async () => {
    const [a, b] = [new MemorySpace(), new MemorySpace()];
    const blob = await storedBlob('shared');
    const [one, other] = [await makeGenesis({ n: 1 }), await makeGenesis({ n: 2 })];
    const at = (genesis: typeof one) => append(genesis, { data: { source: linkTo(blob.address) } });
    for (const space of [a, b]) space.commit({ objects: [blob], swaps: [] });
    put(b, [one, await at(one)]);
    put(a, [other, await at(other)]);
    const { sent } = await sync(a, b, { timelines: [other.address] });
    expect(sent.objects).toBe(2);
  });

  test('a deep graph of constants does not take a turn for each layer', async () => {
    const [a, b] = [new MemorySpace(), new MemorySpace()];
    let last = await makeConstant({ n: 0 });
    const all = [last];
    for (let n = 1; n < 200; n += 1) {
      last = await makeConstant({ n }, { below: [last.address] });
      all.push(last);
    }
    a.commit({ objects: all, swaps: [] });
    b.commit({ objects: all.slice(0, 50), swaps: [] });
    const { sent, messages } = await sync(a, b, { timelines: [], constants: [last.address] });
    expect(sent.objects).toBe(150);
    expect(messages).toBeLessThan(16);
  });

  test('more than fits one turn goes in as many as it takes, both ways at once', async () => {
    const { a, b, timeline } = await diverged(0, 1_300, 900);
    const { sent, received, longest } = await sync(a, b, { timelines: [timeline] });
    expect([sent.objects, received.objects]).toEqual([1_301, 900]);
    expect(longest).toBeLessThan(2 * syncLimits.turnBytes);
  });

  test('a blob that fits no turn goes in pieces', async () => {
    const [a, b] = [new MemorySpace(), new MemorySpace()];
    const content = Uint8Array.from({ length: 2_500_000 }, (_, index) => (index * index) >> 7);
    const blob = await storedBlob(content);
    const genesis = await makeGenesis({ n: 1 });
    a.commit({ objects: [blob], swaps: [] });
    put(a, [genesis, await append(genesis, { data: { source: linkTo(blob.address) } })]);
    const { sent, longest } = await sync(a, b, { timelines: [genesis.address] });
    expect(sent).toMatchObject({ objects: 3 });
    expect(longest).toBeLessThan(2 * syncLimits.turnBytes);
    expect(Buffer.compare(b.get(blob.address)!, content)).toBe(0);
  });
});

describe('equality', () => {
  const many = async (count: number) => {
    const [a, b] = [new MemorySpace(), new MemorySpace()];
    const timelines: Address[] = [];
    for (let n = 0; n < count; n += 1) {
      const genesis = await makeGenesis({ n });
      timelines.push(genesis.address);
      put(a, [genesis]);
    }
    return { a, b, timelines };
  };

  test('of thousands of timelines is known after two messages and 1 KB, once they were named', async () => {
    const { a, b, timelines } = await many(2_000);
    const first = await sync(a, b, { timelines });
    expect(first.sent.objects).toBe(2_000);
    const again = await sync(a, b, { timelines });
    expect(again).toMatchObject({ messages: 2, sent: { objects: 0 }, received: { objects: 0 } });
    expect(again.bytes).toBeLessThanOrEqual(1024);
  });

  test('of all but one of thousands takes little more than that one', async () => {
    const { a, b, timelines } = await many(2_000);
    await sync(a, b, { timelines });
    const moved = timelines[700]!;
    put(b, await grow(await makeGenesis({ n: 700 }), 'b', 1));
    const { received, bytes } = await sync(a, b, { timelines });
    expect(received.objects).toBe(1);
    expect(a.tip(moved)).toBe(b.tip(moved));
    expect(bytes).toBeLessThan(24_000);
  });

  test('of all but one file of a module, whose manifest alone was named, takes little more than that one', async () => {
    const [a, b] = [new MemorySpace(), new MemorySpace()];
    const place = { tenant: 'acme', environment: 'development', module: 'shop' };
    const empty = await manifestGenesis(place);
    const files = new Map<string, FrameObject>();
    for (let n = 0; n < 600; n += 1) {
      const resource = `/shop/${n}.js`;
      const genesis = await makeGenesis({ tenant: 'acme', environment: 'development', resource });
      files.set(resource, await append(genesis, { data: { resource, x: 0 } }));
      put(b, [genesis, files.get(resource)!]);
    }
    const tips = new Map([...files].map(([resource, { address }]) => [resource, address]));
    const full = await appendEntries(empty, { put: tips });
    put(b, [empty, full]);
    expect((await sync(a, b, { timelines: [empty.address] })).received.objects).toBe(1_202);

    const saved = await append(files.get('/shop/7.js')!, { data: { resource: '/shop/7.js', x: 1 } });
    const next = await appendEntries(full, { put: new Map([['/shop/7.js', saved.address]]) });
    b.commit({
      objects: [saved, next],
      swaps: [
        { timeline: saved.timeline, from: files.get('/shop/7.js')!.address, to: saved.address },
        { timeline: next.timeline, from: full.address, to: next.address },
      ],
    });
    const { received, bytes } = await sync(a, b, { timelines: [empty.address] });
    expect(received.objects).toBe(2);
    expect(a.tip(saved.timeline)).toBe(saved.address);
    // The manifest names every file; what goes besides it is little.
    expect(bytes - received.bytes).toBeLessThan(24_000);
    expect((await sync(a, b, { timelines: [empty.address] })).messages).toBe(2);
  });

  test('where each side has timelines of its own is found in their buckets', async () => {
    const { a, b, timelines } = await many(300);
    const hub = await append(await makeGenesis({ hub: true }), { data: {}, links: { all: timelines } });
    put(a, [await makeGenesis({ hub: true }), hub]);
    const wanted = { timelines: [hub.timeline, timelines[0]!, timelines[1]!] };
    expect((await sync(a, b, wanted)).sent.objects).toBe(302);
    expect((await sync(b, a, wanted)).messages).toBe(2);
    const [mine, yours] = [await makeGenesis({ mine: true }), await makeGenesis({ yours: true })];
    put(a, [mine]);
    put(b, [yours]);
    put(a, [await append(hub, { data: { a: 1 }, links: { all: timelines, own: [mine.address] } })]);
    put(b, [await append(hub, { data: { b: 1 }, links: { all: timelines, other: [yours.address] } })]);
    const { sent, received } = await sync(a, b, wanted);
    expect([sent.objects, received.objects]).toEqual([3, 2]);
    expect([a.tip(yours.address), b.tip(mine.address)]).toEqual([yours.address, mine.address]);
    expect((await sync(a, b, wanted)).messages).toBe(2);
  });
});

describe('tips that move meanwhile', () => {
  /** Moves a tip whenever a space is about to commit one. */
  const restless = (space: MemorySpace, move: (timeline: Address) => Promise<void>, times: number) => {
    let left = times;
    const commit = space.commit.bind(space);
    space.commit = ((change) => {
      if (change.swaps.length === 0 || left === 0) return commit(change);
      left -= 1;
      const [{ timeline } = { timeline: undefined }] = change.swaps;
      return move(timeline!).then(() => commit(change));
    }) as Space['commit'] as MemorySpace['commit'];
    return commit;
  };

  test.each(['a', 'b'] as const)('at %s: the saga begins again and loses nothing', async (side) => {
    const world = await diverged(2, 2, 2);
    const space = world[side];
    let last = side === 'a' ? world.own.at(-1)! : world.other.at(-1)!;
    const commit = restless(
      space,
      async () => {
        const [next] = await grow(last, 'late', 1);
        commit({
          objects: [next!],
          swaps: [{ timeline: last.timeline, from: last.address, to: next!.address }],
        });
        last = next!;
      },
      1,
    );
    const result = await sync(world.a, world.b, { timelines: [world.timeline] });
    expect(result.attempts).toBe(2);
    expect(world.a.tip(world.timeline)).toBe(world.b.tip(world.timeline));
    expect(world.a.get(last.address)).toBeDefined();
    expect(world.b.get(last.address)).toBeDefined();
  });

  test('again and again: it gives up after some attempts as tip-moved, and nothing of the saga is kept', async () => {
    const { a, b, timeline, own, other } = await diverged(2, 2, 2);
    let last = other.at(-1)!;
    const commit = restless(
      b,
      async () => {
        const [next] = await grow(last, 'late', 1);
        commit({ objects: [next!], swaps: [{ timeline, from: last.address, to: next!.address }] });
        last = next!;
      },
      Infinity,
    );
    await expect(sync(a, b, { timelines: [timeline] })).rejects.toMatchObject({
      problem: { kind: 'tip-moved', resource: timeline },
    });
    expect(a.tip(timeline)).toBe(own.at(-1)!.address);
    expect(b.get(own.at(-1)!.address)).toBeUndefined();
  });
});

describe('bounds', () => {
  test('more than quarantine holds is refused as too large, on either side, and nothing is kept', async () => {
    const limits = { ...syncLimits, quarantine: { ...syncLimits.quarantine, objects: 20 } };
    for (const [ours, theirs] of [
      [30, 1],
      [1, 30],
    ] as const) {
      const { a, b, timeline, own, other } = await diverged(1, ours, theirs);
      await expect(sync(a, b, { timelines: [timeline] }, limits)).rejects.toMatchObject({
        problem: { kind: 'too-large' },
      });
      expect([a.tip(timeline), b.tip(timeline)]).toEqual([own.at(-1)!.address, other.at(-1)!.address]);
      expect([a.get(other[0]!.address), b.get(own[0]!.address)]).toEqual([undefined, undefined]);
    }
  });

  test('what relates to more timelines than may be synchronised at once is refused', async () => {
    const a = new MemorySpace();
    const others = await Promise.all(Array.from({ length: 20 }, (_, n) => makeGenesis({ n })));
    for (const other of others) put(a, [other]);
    const hub = await makeGenesis({ hub: true }, { all: others.map(({ address }) => address) });
    put(a, [hub]);
    const limits = { ...syncLimits, timelines: 10 };
    await expect(sync(a, new MemorySpace(), { timelines: [hub.address] }, limits)).rejects.toMatchObject({
      problem: { kind: 'too-large' },
    });
  });

  test('a constant that neither side has is missing', async () => {
    const nowhere = await makeConstant({ n: 1 });
    const wanted = { timelines: [], constants: [nowhere.address] };
    // Both have the same of it: nothing.
    expect((await sync(new MemorySpace(), new MemorySpace(), wanted)).messages).toBe(2);
    const [a, genesis] = [new MemorySpace(), await makeGenesis({ n: 1 })];
    put(a, [genesis]);
    await expect(
      sync(a, new MemorySpace(), { timelines: [genesis.address], constants: [nowhere.address] }),
    ).rejects.toMatchObject({ problem: { kind: 'missing-object', resource: nowhere.address } });
  });
});
