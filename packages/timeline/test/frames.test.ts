import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

import {
  append,
  appendMerge,
  closure,
  isAncestor,
  linkTo,
  loadFrame,
  loadObject,
  makeConstant,
  makeGenesis,
  MemorySpace,
  mergeBases,
  receive,
  storedBlob,
  storedObject,
  walk,
  type Address,
  type FrameObject,
  type ObjectSource,
  type StoredObject,
} from '../src/index.ts';
import { CountingSpace } from './support/counting-space.ts';

const put = <Given extends StoredObject>(space: MemorySpace, object: Given): Given => {
  space.commit({ objects: [object], swaps: [] });
  return object;
};

const merge = (one: FrameObject, other: FrameObject, base: readonly Address[]) =>
  appendMerge(one, other, {
    data: {},
    merge: { base, graftbase: one.address, graftorphan: other.address, algorithm: 'test/1', syntax: null },
  });

const addressesOf = async (objects: AsyncIterable<StoredObject>): Promise<Address[]> => {
  const found: Address[] = [];
  for await (const { address } of objects) found.push(address);
  return found;
};

describe('histories of a timeline', () => {
  let space: MemorySpace;
  let genesis: FrameObject;
  beforeAll(async () => {
    space = new MemorySpace();
    genesis = put(space, await makeGenesis({ n: 0 }));
  });
  const after = async (parent: FrameObject, name: string) =>
    put(space, await append(parent, { data: { name } }));

  test('a frame is one higher than its parent, and of the same timeline', async () => {
    const one = await after(genesis, 'one');
    const two = await after(one, 'two');
    expect([genesis, one, two].map(({ height }) => height)).toEqual([0, 1, 2]);
    expect(two.timeline).toBe(genesis.address);
    expect(two.frame.parents).toEqual([one.address]);
  });

  test('a merge is one higher than its higher parent', async () => {
    const one = await after(genesis, 'one');
    const two = await after(one, 'two');
    expect((await merge(genesis, two, [genesis.address])).height).toBe(3);
  });

  test('a walk tells children before parents, each once, down to the first', async () => {
    const [left, right] = [await after(genesis, 'left'), await after(genesis, 'right')];
    const longer = await after(right, 'longer');
    const tip = put(space, await merge(left, longer, [genesis.address]));
    const walked = await addressesOf(walk(space, [tip.address, right.address]));
    expect(walked[0]).toBe(tip.address);
    expect(walked[1]).toBe(longer.address);
    expect(walked.slice(2, 4).toSorted()).toEqual([left.address, right.address].toSorted());
    expect(walked.slice(4)).toEqual([genesis.address]);
  });

  test('the base of two branches is where they parted; of a frame and its ancestor it is that', async () => {
    const fork = await after(await after(genesis, 'trunk'), 'fork');
    const [left, right] = [await after(fork, 'left'), await after(await after(fork, 'right'), 'more')];
    expect(await mergeBases(space, left.address, right.address)).toEqual([fork.address]);
    expect(await mergeBases(space, right.address, fork.address)).toEqual([fork.address]);
    expect(await mergeBases(space, fork.address, fork.address)).toEqual([fork.address]);
  });

  test('histories that crossed have two bases, neither of which is below the other', async () => {
    const [left, right] = [await after(genesis, 'left 1'), await after(genesis, 'right 1')];
    const [one, other] = [
      await merge(left, right, [genesis.address]),
      await merge(right, left, [genesis.address]),
    ];
    put(space, one);
    put(space, other);
    const [tip, tap] = [await after(one, 'tip'), await after(other, 'tap')];
    expect(await mergeBases(space, tip.address, tap.address)).toEqual(
      [left.address, right.address].toSorted(),
    );
  });

  test('frames of two timelines have no base, and none is the other’s ancestor', async () => {
    const stranger = put(space, await makeGenesis({ n: 'stranger' }));
    const tip = await after(genesis, 'tip');
    expect(await mergeBases(space, tip.address, stranger.address)).toEqual([]);
    expect(await isAncestor(space, stranger.address, tip.address)).toBe(false);
  });

  test('what is not there, or is no frame, ends a walk with its kind', async () => {
    const lonely = await append(await makeGenesis({ n: 'elsewhere' }), { data: {} });
    put(space, lonely);
    const blob = put(space, await storedBlob('text'));
    const constant = put(space, await makeConstant({}));
    const problem = (kind: string, { address }: StoredObject) => ({ problem: { kind, resource: address } });
    await expect(addressesOf(walk(space, [lonely.address]))).rejects.toMatchObject(
      problem('missing-object', { ...lonely, address: lonely.timeline }),
    );
    await expect(loadFrame(space, blob.address)).rejects.toMatchObject(problem('bad-frame', blob));
    await expect(loadFrame(space, constant.address)).rejects.toMatchObject(problem('bad-frame', constant));
  });

  test('what a disk has damaged is not taken for the object', async () => {
    const damaged: ObjectSource = { get: (address) => space.get(address)?.with(3, 0) };
    await expect(loadObject(damaged, genesis.address)).rejects.toMatchObject({
      problem: { kind: 'bad-object' },
    });
  });
});

/** A random history: each step appends to a frame, or merges two that are neither one nor related. */
const histories = fc.array(fc.tuple(fc.nat(), fc.option(fc.nat(), { nil: undefined })), {
  minLength: 1,
  maxLength: 24,
});

/** What is above each frame, itself included, by following every path. */
const ancestorsIn = (frames: readonly FrameObject[]): Map<Address, Set<Address>> => {
  const found = new Map<Address, Set<Address>>();
  for (const { address, frame } of frames) {
    found.set(
      address,
      new Set([address, ...frame.parents.flatMap((parent) => [...(found.get(parent) ?? [])])]),
    );
  }
  return found;
};

const grow = async (steps: readonly (readonly [number, number | undefined])[]) => {
  const space = new MemorySpace();
  const frames: FrameObject[] = [put(space, await makeGenesis({}))];
  for (const [n, [at, with_]] of steps.entries()) {
    const parent = frames[at % frames.length]!;
    const second = with_ === undefined ? undefined : frames[with_ % frames.length]!;
    const ancestors = ancestorsIn(frames);
    const isRelated =
      second === undefined ||
      ancestors.get(parent.address)!.has(second.address) ||
      ancestors.get(second.address)!.has(parent.address);
    const made = isRelated
      ? await append(parent, { data: { n } })
      : await merge(parent, second, await mergeBases(space, parent.address, second.address));
    if (!frames.some(({ address }) => address === made.address)) frames.push(put(space, made));
  }
  return { space, frames, ancestors: ancestorsIn(frames) };
};

describe('frames whose heights lie', () => {
  /** Each two frames have the same two parents, and say that they are below them: as many ways as there are levels, doubled. */
  const ladder = async (space: MemorySpace, heightAt: (level: number) => number): Promise<FrameObject> => {
    const genesis = put(space, await makeGenesis({ name: 'ladder' }));
    const base = put(space, await append(genesis, { data: {} }));
    let rungs: readonly StoredObject[] = [base];
    for (let level = 0; level < 40; level += 1) {
      const [first, second] = rungs.map(({ address }) => address).toSorted();
      const facts = {
        base: [base.address],
        graftbase: first,
        graftorphan: second,
        algorithm: 'x',
        syntax: null,
      };
      const made = [0, 1].map((side) =>
        storedObject({
          kind: 'cd-push/frame/1',
          timeline: genesis.address,
          height: heightAt(level),
          parents: second === undefined ? [first] : [first, second],
          data: { level, side },
          links: {},
          ...(second === undefined ? {} : { merge: facts }),
        }),
      );
      rungs = (await Promise.all(made)).map((object) => put(space, object));
    }
    const [top] = rungs;
    return loadFrame(space, top!.address);
  };

  test.each([
    ['rise towards the past', (level: number) => 1_000_000 - level],
    ['are all the same', () => 1_000_000],
  ])('are not walked where they %s', async (_, heightAt) => {
    const space = new CountingSpace();
    const top = await ladder(space, heightAt);
    const other = put(space, await append(await loadFrame(space, top.timeline), { data: { name: 'other' } }));
    const refusal = { problem: { kind: 'bad-frame', resource: top.address, path: '/height' } };
    const reads = await space.readsOf(async () => {
      await expect(isAncestor(space, other.address, top.address)).rejects.toMatchObject(refusal);
      await expect(mergeBases(space, other.address, top.address)).rejects.toMatchObject(refusal);
      await expect(addressesOf(walk(space, [top.address]))).rejects.toMatchObject(refusal);
    });
    expect(reads).toBeLessThan(20);
  });
});

describe('any history', () => {
  const seeded = { seed: 31_415, numRuns: 150 };

  test('has as bases of two frames the common ancestors that are no other one’s ancestors', async () => {
    let crossed = 0;
    await fc.assert(
      fc.asyncProperty(histories, fc.nat(), fc.nat(), async (steps, a, b) => {
        const { space, frames, ancestors } = await grow(steps);
        const [one, other] = [frames[a % frames.length]!, frames.at(-1 - (b % frames.length))!];
        const common = [...ancestors.get(one.address)!].filter((base) =>
          ancestors.get(other.address)!.has(base),
        );
        const best = common.filter(
          (base) => !common.some((better) => better !== base && ancestors.get(better)!.has(base)),
        );
        expect(await mergeBases(space, one.address, other.address)).toEqual(best.toSorted());
        crossed += Number(best.length > 1);
      }),
      seeded,
    );
    // Otherwise the random histories would say nothing of those that crossed.
    expect(crossed).toBeGreaterThan(0);
  });

  test('is walked and asked for ancestors as every path through it says', async () => {
    await fc.assert(
      fc.asyncProperty(histories, fc.nat(), fc.nat(), async (steps, a, b) => {
        const { space, frames, ancestors } = await grow(steps);
        const [one, other] = [frames[a % frames.length]!.address, frames[b % frames.length]!.address];
        expect(await isAncestor(space, one, other)).toBe(ancestors.get(other)!.has(one));
        const walked = await addressesOf(walk(space, [one]));
        expect(walked).toHaveLength(ancestors.get(one)!.size);
        expect(new Set(walked)).toEqual(ancestors.get(one));
        const heights = await Promise.all(
          walked.map(async (frame) => (await loadFrame(space, frame)).height),
        );
        expect(heights).toEqual(heights.toSorted((x, y) => y - x));
      }),
      seeded,
    );
  });
});

describe('the closure of objects', () => {
  const world = async () => {
    const space = new CountingSpace();
    const blobs = [put(space, await storedBlob('one')), put(space, await storedBlob('two'))] as const;
    const constant = put(space, await makeConstant({ of: linkTo(blobs[0].address) }));
    const beta = put(space, await makeGenesis({ name: 'beta' }));
    const alpha = put(space, await makeGenesis({ name: 'alpha' }, { uses: [constant.address] }));
    const one = put(space, await append(alpha, { data: { source: linkTo(blobs[0].address) } }));
    const two = put(
      space,
      await append(one, {
        data: { list: [{ source: linkTo(blobs[1].address) }] },
        links: { to: [beta.address] },
      }),
    );
    return { space, blobs, constant, alpha, beta, one, two };
  };

  test('is everything that is referred to, in data, relations and parents, each once', async () => {
    const { space, blobs, constant, alpha, beta, one, two } = await world();
    const all = [two, one, alpha, beta, constant, ...blobs].map(({ address }) => address);
    expect((await addressesOf(closure(space, [two.address, one.address]))).toSorted()).toEqual(
      all.toSorted(),
    );
    expect((await addressesOf(closure(space, [constant.address]))).toSorted()).toEqual(
      [constant.address, blobs[0].address].toSorted(),
    );
    expect(await addressesOf(closure(space, []))).toEqual([]);
  });

  test('of what another space lacks reads nothing of what it has', async () => {
    const { space, blobs, constant, alpha, one, two, beta } = await world();
    const there = new MemorySpace();
    for (const object of [blobs[0], constant, alpha, one]) put(there, object);
    const lacking: Address[] = [];
    const reads = await space.readsOf(async () => {
      const stopAt = (addresses: readonly Address[]) => there.has(addresses);
      lacking.push(...(await addressesOf(closure(space, [two.address], { stopAt }))));
    });
    expect(lacking.toSorted()).toEqual([two, beta, blobs[1]].map(({ address }) => address).toSorted());
    expect(reads).toBe(3);
  });

  test('ends with its kind where something is missing, or where it is larger than was said', async () => {
    const { space, two } = await world();
    const without: ObjectSource = {
      get: (address) => (address === two.timeline ? undefined : space.get(address)),
    };
    await expect(addressesOf(closure(without, [two.address]))).rejects.toMatchObject({
      problem: { kind: 'missing-object', resource: two.timeline },
    });
    await expect(addressesOf(closure(space, [two.address], { limit: 6 }))).rejects.toMatchObject({
      problem: { kind: 'too-large' },
    });
    await expect(addressesOf(closure(space, [two.address], { limit: 7 }))).resolves.toHaveLength(7);
  });
});

describe('a history of 100,000 frames', () => {
  const length = 100_000;
  const [long, short] = [new CountingSpace(), new CountingSpace()];

  const growTo = async (space: CountingSpace, height: number): Promise<void> => {
    let tip: FrameObject = put(space, await makeGenesis({}));
    while (tip.height < height) tip = put(space, await append(tip, { data: { n: tip.height } }));
    space.commit({ objects: [], swaps: [{ timeline: tip.timeline, from: undefined, to: tip.address }] });
  };
  const tipOf = (space: CountingSpace) => space.tips(undefined, 1)[0]!;

  beforeAll(async () => {
    await growTo(long, length);
    await growTo(short, 10);
  }, 120_000);

  test('is walked from end to end in constant memory', { timeout: 120_000 }, async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heap: number[] = [];
    let walked = 0;
    for await (const frame of walk(long, [tipOf(long).tip])) {
      if (frame.height !== length - walked) expect.fail(`${frame.height} came after ${walked} frames.`);
      if (walked % 10_000 === 0) {
        collect();
        heap.push(process.memoryUsage().heapUsed);
      }
      walked += 1;
    }
    expect(walked).toBe(length + 1);
    expect(heap).toHaveLength(11);
    // The addresses alone of what was walked would be five times this.
    expect(Math.max(...heap.slice(1)) - Math.min(...heap.slice(1))).toBeLessThan(2 * 1024 * 1024);
  });

  test('is appended to and received into with as many reads as one of ten', async () => {
    const save = async (space: CountingSpace): Promise<number> => {
      const { timeline, tip } = tipOf(space);
      return space.readsOf(async () => {
        const next = await append(await loadFrame(space, tip), { data: { next: true } });
        const received = await receive(space, [next], [{ timeline, from: tip, to: next.address }]);
        expect(received).toMatchObject({ ok: true });
      });
    };
    const reads = await save(short);
    expect(await save(long)).toBe(reads);
    expect(reads).toBeLessThan(6);
  });

  test('is compared with a branch of it by reading no more than what lies above where they part', async () => {
    const reads = async (space: CountingSpace): Promise<number> => {
      const tip = await loadFrame(space, tipOf(space).tip);
      const [one, other] = [
        put(space, await append(tip, { data: { one: true } })),
        put(space, await append(tip, { data: { other: true } })),
      ];
      return space.readsOf(async () => {
        expect(await mergeBases(space, one.address, other.address)).toEqual([tip.address]);
        expect(await isAncestor(space, tip.address, one.address)).toBe(true);
      });
    };
    expect(await reads(long)).toBe(await reads(short));
  });
});
