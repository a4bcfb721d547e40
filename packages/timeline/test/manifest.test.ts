import { beforeEach, describe, expect, test } from 'vitest';

import {
  advanceManifest,
  append,
  appendEntries,
  appendMerge,
  conflictKind,
  entriesOf,
  linkTo,
  loadFrame,
  makeGenesis,
  manifestGenesis,
  manifestPlaceOf,
  MemorySpace,
  receive,
  resourceGenesis,
  type FrameObject,
  type ManifestPlace,
  type SpaceChange,
} from '../src/index.ts';

const place: ManifestPlace = { tenant: 'acme', environment: 'development', module: 'shop' };
const manifest = await manifestGenesis(place);

/** First frame of a file's timeline, as everybody makes it. */
const begin = async (resource: string, where: Pick<ManifestPlace, 'tenant' | 'environment'> = place) => {
  const { tenant, environment } = where;
  const { ref } = await resourceGenesis({ tenant, environment, resource });
  const frame = await makeGenesis({ tenant, environment, resource });
  expect(frame.address).toBe(ref.address);
  return frame;
};
const mergedFrom = (
  base: FrameObject,
  one: FrameObject,
  other: FrameObject,
  data: FrameObject['frame']['data'],
) => {
  const [graftbase, graftorphan] = [one.address, other.address];
  const merge = { base: [base.address], graftbase, graftorphan, algorithm: 'x', syntax: null };
  return appendMerge(one, other, { data, merge });
};
const save = (parent: FrameObject, resource: string, n: number) => append(parent, { data: { resource, n } });

const nameOf = ({ frame }: FrameObject): string => frame.data['resource'] as string;
const link = ({ address }: FrameObject) => linkTo(address);
const entries = (...tips: readonly FrameObject[]): ReadonlyMap<string, FrameObject['address']> =>
  new Map(tips.map((tip) => [nameOf(tip), tip.address]));
const swapOf = (to: FrameObject, from?: FrameObject) => ({
  timeline: to.timeline,
  from: from?.address,
  to: to.address,
});
const together = (...changes: readonly SpaceChange[]): SpaceChange => ({
  objects: changes.flatMap(({ objects }) => objects),
  swaps: changes.flatMap(({ swaps }) => swaps),
});

const a0 = await begin('/shop/a');
const b0 = await begin('/shop/b');
const [a1, b1] = [await save(a0, '/shop/a', 1), await save(b0, '/shop/b', 1)];
const [a2, b2] = [await save(a1, '/shop/a', 2), await save(b1, '/shop/b', 2)];
const firstSave: SpaceChange = { objects: [a0, a1, b0, b1], swaps: [swapOf(a1), swapOf(b1)] };
const secondSave: SpaceChange = { objects: [a2, b2], swaps: [swapOf(a2, a1), swapOf(b2, b1)] };

let space: MemorySpace;
beforeEach(async () => {
  space = new MemorySpace();
  const { objects, swaps } = together(
    firstSave,
    await advanceManifest(space, place, { put: entries(a1, b1) }),
  );
  await receive(space, objects, swaps);
});
const tip = () => loadFrame(space, space.tip(manifest.address)!);
const receiveAll = ({ objects, swaps }: SpaceChange) => receive(space, objects, swaps);

describe('a manifest', () => {
  test('is begun by everybody with the same frame, and another one for each tenant, environment and module', async () => {
    expect((await manifestGenesis({ ...place })).address).toBe(manifest.address);
    expect(manifestPlaceOf(manifest)).toEqual(place);
    const others = [{ tenant: 'globex' }, { environment: 'staging' }, { module: 'till' }];
    for (const other of others)
      expect((await manifestGenesis({ ...place, ...other })).address).not.toBe(manifest.address);
    expect(manifestPlaceOf(a0)).toBeUndefined();
    expect(manifestPlaceOf(await tip())).toBeUndefined();
  });

  test('names the tip of each file, after a save of several at once', async () => {
    expect(entriesOf(await tip())).toEqual(entries(a1, b1));
    const change = together(secondSave, await advanceManifest(space, place, { put: entries(a2, b2) }));
    expect(await receiveAll(change)).toMatchObject({ ok: true });
    expect(entriesOf(await tip())).toEqual(entries(a2, b2));
    expect((await tip()).height).toBe(2);
  });

  test('keeps what a save leaves alone, and forgets what is removed', async () => {
    await receiveAll(
      together(
        { objects: [a2], swaps: [swapOf(a2, a1)] },
        await advanceManifest(space, place, { put: entries(a2) }),
      ),
    );
    expect(entriesOf(await tip())).toEqual(entries(a2, b1));
    await receiveAll(await advanceManifest(space, place, { remove: ['/shop/a', '/shop/none'] }));
    expect(entriesOf(await tip())).toEqual(entries(b1));
  });

  test('keeps an entry that is in conflict until that file is saved', async () => {
    const sides = [a1, a2].map(link).toSorted((one, other) => (one['/'] < other['/'] ? -1 : 1));
    const conflict = { kind: conflictKind, base: null, sides };
    const from = await append(manifest, { data: { entries: { '/shop/a': conflict, '/shop/b': link(b1) } } });
    const other = await appendEntries(from, { put: entries(b2) });
    expect(other.frame.data).toEqual({ entries: { '/shop/a': conflict, '/shop/b': link(b2) } });
    const settled = await appendEntries(other, { put: entries(a2) });
    expect(entriesOf(settled)).toEqual(entries(a2, b2));
  });

  test('names the last save of a file that was merged with its removal, by which the tip has moved on', async () => {
    const removed = await append(a1, { data: { resource: '/shop/a', change: 'delete' } });
    await receiveAll(
      together(
        { objects: [a2], swaps: [swapOf(a2, a1)] },
        await advanceManifest(space, place, { put: entries(a2) }),
      ),
    );
    const named = await advanceManifest(space, place, { put: entries(a2) });
    const merged = await mergedFrom(a1, a2, removed, { resource: '/shop/a' });
    const change = together({ objects: [removed, merged], swaps: [swapOf(merged, a2)] }, named);
    expect(await receiveAll(change)).toMatchObject({ ok: true });
  });

  test('names a merge without the removal that the tip was merged with', async () => {
    const removed = await append(a1, { data: { resource: '/shop/a', change: 'delete' } });
    const branch = await save(a1, '/shop/a', 3);
    await receiveAll(
      together(
        { objects: [a2], swaps: [swapOf(a2, a1)] },
        await advanceManifest(space, place, { put: entries(a2) }),
      ),
    );
    const data = { resource: '/shop/a' };
    const between = await mergedFrom(a1, branch, removed, data);
    const merged = await mergedFrom(a1, a2, between, data);
    const named = await mergedFrom(a1, a2, branch, data);
    const objects = [removed, branch, between, merged, named];
    const change = together(
      { objects, swaps: [swapOf(merged, a2)] },
      await advanceManifest(space, place, { put: entries(named) }),
    );
    expect(await receiveAll(change)).toMatchObject({ ok: true });
  });

  test('has one root for the same entries saved upon the same, whoever saves them', async () => {
    const one = await appendEntries(manifest, { put: entries(a1, b1) });
    const other = await appendEntries(manifest, { put: entries(b1, a1) });
    expect(other.address).toBe(one.address);
  });

  test('that somebody else has moved meanwhile takes nothing of a save', async () => {
    const mine = together(secondSave, await advanceManifest(space, place, { put: entries(a2, b2) }));
    const b3 = await save(b1, '/shop/b', 3);
    await receiveAll(
      together(
        { objects: [b3], swaps: [swapOf(b3, b1)] },
        await advanceManifest(space, place, { put: entries(b3) }),
      ),
    );
    const size = space.size;
    expect(await receiveAll(mine)).toMatchObject({ ok: false, problem: { kind: 'tip-moved' } });
    expect(space.tip(a0.address)).toBe(a1.address);
    expect(space.size).toBe(size);
  });
});

describe('a frame of a manifest is refused', () => {
  const expectRefused = async (change: SpaceChange, path: string): Promise<void> => {
    const before = [space.size, space.tips(undefined, 9)];
    expect(await receiveAll(change)).toMatchObject({ ok: false, problem: { kind: 'bad-frame', path } });
    expect([space.size, space.tips(undefined, 9)]).toEqual(before);
  };
  const moved = async (
    data: FrameObject['frame']['data'],
    more: SpaceChange = { objects: [], swaps: [] },
  ) => {
    const from = await tip();
    const frame = await append(from, { data });
    return together(more, { objects: [frame], swaps: [swapOf(frame, from)] });
  };

  test('that mixes two saves, merged or not: the file was saved once more before it was merged', async () => {
    const removed = await append(a1, { data: { resource: '/shop/a', change: 'delete' } });
    const merged = await mergedFrom(a1, a2, removed, { resource: '/shop/a' });
    const change = together(
      { objects: [a2, removed, merged], swaps: [swapOf(merged, a1)] },
      await advanceManifest(space, place, { put: entries(a1) }),
    );
    await expectRefused(change, '/data/entries/~1shop~1a');
  });

  test('that mixes two saves: what it names of one file was replaced together with another', async () => {
    const change = together(secondSave, await advanceManifest(space, place, { put: entries(a2) }));
    await expectRefused(change, '/data/entries/~1shop~1b');
  });

  test('that names another branch than the one that a file is moved to', async () => {
    const b3 = await save(b1, '/shop/b', 3);
    const change = together(
      { ...secondSave, objects: [...secondSave.objects, b3] },
      await advanceManifest(space, place, { put: entries(a2, b3) }),
    );
    await expectRefused(change, '/data/entries/~1shop~1b');
  });

  test('whose entries are no links by names, or stand beside something else', async () => {
    await expectRefused(await moved({ entries: 'all' }), '/data/entries');
    await expectRefused(await moved({ entries: [link(a1)] }), '/data/entries');
    await expectRefused(await moved({ entries: { '/shop/a': a1.address } }), '/data/entries/~1shop~1a');
    await expectRefused(await moved({ entries: {}, more: 1 }), '/data');
  });

  test('that names a file of another name, module, tenant or environment', async () => {
    await expectRefused(await moved({ entries: { '/shop/a': link(b1) } }), '/data/entries/~1shop~1a');
    await expectRefused(await moved({ entries: { '/shop/c': link(a1) } }), '/data/entries/~1shop~1c');
    const till = await begin('/till/a');
    const [t1, objects] = [await save(till, '/till/a', 1), [till]];
    await expectRefused(
      await moved({ entries: { '/till/a': link(t1) } }, { objects: [...objects, t1], swaps: [] }),
      '/data/entries/~1till~1a',
    );
    for (const where of [{ tenant: 'globex' }, { environment: 'staging' }]) {
      const foreign = await begin('/shop/a', { ...place, ...where });
      const frame = await save(foreign, '/shop/a', 1);
      await expectRefused(
        await moved({ entries: { '/shop/a': link(frame) } }, { objects: [foreign, frame], swaps: [] }),
        '/data/entries/~1shop~1a',
      );
    }
  });

  test('that names what is no frame', async () => {
    await expectRefused(await moved({ entries: { '/shop/a': link(manifest) } }), '/data/entries/~1shop~1a');
  });

  test('that goes back behind what its parent names', async () => {
    await receiveAll(together(secondSave, await advanceManifest(space, place, { put: entries(a2, b2) })));
    await expectRefused(await moved({ entries: { '/shop/a': link(a1) } }), '/data/entries/~1shop~1a');
    const branch = await save(a1, '/shop/a', 9);
    await expectRefused(
      await moved({ entries: { '/shop/a': link(branch) } }, { objects: [branch], swaps: [] }),
      '/data/entries/~1shop~1a',
    );
  });

  test('that goes back behind what one of two parents names', async () => {
    const from = await tip();
    const mine = await appendEntries(from, { put: entries(a2) });
    const theirs = await appendEntries(from, { put: entries(b2) });
    const merged = (tips: readonly FrameObject[]) =>
      mergedFrom(from, mine, theirs, {
        entries: Object.fromEntries(tips.map((one) => [nameOf(one), link(one)])),
      });
    const broughtWith = (frame: FrameObject): SpaceChange =>
      together(secondSave, { objects: [mine, theirs, frame], swaps: [swapOf(frame, from)] });
    await expectRefused(broughtWith(await merged([a2, b1])), '/data/entries/~1shop~1b');
    expect(await receiveAll(broughtWith(await merged([a2, b2])))).toMatchObject({ ok: true });
  });

  test('but what only looks like one is let through', async () => {
    const genesis = await makeGenesis({ tenant: 'acme' });
    const frame = await append(genesis, { data: { entries: 'whatever' } });
    expect(await receiveAll({ objects: [genesis, frame], swaps: [swapOf(frame)] })).toMatchObject({
      ok: true,
    });
  });
});
