import { append, makeGenesis, spaceContract, type SpaceChange } from '@cd-push/timeline';
import { describe, expect, test } from 'vitest';

import { Crash } from '../src/replica/crash.ts';
import { WatchedSpace } from '../src/replica/watched-space.ts';

describe('the space of a replica', () => {
  test.each(spaceContract)('$title', async (rule) => {
    const space = new WatchedSpace(() => undefined);
    await expect(rule.run({ open: () => space })).resolves.toBeUndefined();
  });
});

describe('a crash', async () => {
  const genesis = await makeGenesis({ document: 'one' });
  const change: SpaceChange = {
    objects: [genesis],
    swaps: [{ timeline: genesis.address, from: undefined, to: genesis.address }],
  };

  test('comes after as many calls as it was set to, and leaves what was committed', async () => {
    const space = new WatchedSpace(() => undefined);
    space.crashAfter(1, false);
    await space.commit(change);
    expect(() => space.tip(genesis.address)).toThrow(Crash);
    expect(() => space.get(genesis.address)).toThrow(Crash);
    space.restart();
    expect(space.tip(genesis.address)).toBe(genesis.address);
  });

  test.each([
    ['nothing', false],
    ['all', true],
  ])('in the middle of a commit leaves %s of it', async (_left, isCommitKept) => {
    const heard: SpaceChange[] = [];
    const space = new WatchedSpace((committed) => heard.push(committed));
    space.crashAfter(0, isCommitKept);
    await expect(space.commit(change)).rejects.toThrow(Crash);
    space.restart();
    expect(space.tip(genesis.address)).toBe(isCommitKept ? genesis.address : undefined);
    expect(space.has([genesis.address]).size).toBe(isCommitKept ? 1 : 0);
    expect(heard).toEqual(isCommitKept ? [change] : []);
  });

  test('forgets what was read before', async () => {
    const space = new WatchedSpace(() => undefined);
    await space.commit(change);
    space.remember([genesis]);
    expect(space.known(genesis.address)).toBe(genesis);
    space.restart();
    expect(space.known(genesis.address)).toBeUndefined();
  });
});

test('a race comes right before the next commit that moves a tip on', async () => {
  const genesis = await makeGenesis({ document: 'one' });
  const [one, other] = [await append(genesis, { data: { n: 1 } }), await append(genesis, { data: { n: 2 } })];
  const space = new WatchedSpace(() => undefined);
  const swap = (to: typeof one) => ({
    objects: [to],
    swaps: [{ timeline: genesis.address, from: genesis.address, to: to.address }],
  });
  space.raceNextCommit(async () => void (await space.commit(swap(other))));
  await space.commit({
    objects: [genesis],
    swaps: [{ timeline: genesis.address, from: undefined, to: genesis.address }],
  });
  expect(space.tip(genesis.address)).toBe(genesis.address);
  expect(await space.commit(swap(one))).toMatchObject({ outcome: 'moved' });
  expect(space.tip(genesis.address)).toBe(other.address);
});
