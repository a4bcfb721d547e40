import { problemOf } from '@cd-push/protocol';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';

import {
  append,
  appendEntries,
  appendMerge,
  closure,
  linkTo,
  makeConstant,
  makeGenesis,
  manifestGenesis,
  MemorySpace,
  Quarantine,
  quarantineLimits,
  readObject,
  receive,
  storedBlob,
  storedObject,
  utf8,
  type Address,
  type FrameObject,
  type ReceiveChecks,
  type Space,
  type SpaceChange,
  type StoredObject,
  type TipSwap,
} from '../src/index.ts';

const swapOf = (to: FrameObject, from?: FrameObject): TipSwap => ({
  timeline: to.timeline,
  from: from?.address,
  to: to.address,
});

/** A frame as somebody would write it who does not mind the rules. */
const forged = (parent: FrameObject, changes: object): Promise<StoredObject> =>
  storedObject({
    kind: 'cd-push/frame/1',
    timeline: parent.timeline,
    height: parent.height + 1,
    parents: [parent.address],
    data: {},
    links: {},
    ...changes,
  });

const frameIn = async (stored: StoredObject): Promise<FrameObject> => {
  const read = await readObject(stored);
  if (!read.ok || read.value.type !== 'frame') throw new Error('This is no frame.');
  return read.value;
};

/** A space with a timeline of three frames, and what has come of the next two. */
const blobs = [await storedBlob('one'), await storedBlob('two')] as const;
const genesis = await makeGenesis({ name: 'alpha' });
const first = await append(genesis, { data: { source: linkTo(blobs[0].address) } });
const tip = await append(first, { data: { n: 2 } });
const constant = await makeConstant({ text: 'constant' });
const next = await append(tip, {
  data: { source: linkTo(blobs[1].address) },
  links: { uses: [constant.address] },
});
const last = await append(next, { data: { n: 4 } });
const beta = await makeGenesis({ name: 'beta' });
const betaTip = await append(beta, { data: { n: 1 } });
const come = [last, next, constant, blobs[1]] as const;

let space: MemorySpace;
let before: { readonly size: number; readonly tips: unknown };
const state = () => ({ size: space.size, tips: space.tips(undefined, 100) });
beforeEach(() => {
  space = new MemorySpace();
  space.commit({
    objects: [blobs[0], genesis, first, tip, beta, betaTip],
    swaps: [swapOf(tip), swapOf(betaTip)],
  });
  before = state();
});

/** Expects a refusal of this kind, about this address, that has left nothing behind. */
const expectRefused = async (
  received: ReturnType<typeof receive>,
  problem: { readonly kind: string; readonly resource?: string; readonly path?: string },
): Promise<void> => {
  expect(await received).toMatchObject({ ok: false, problem });
  expect(state()).toEqual(before);
};

describe('what came from elsewhere', () => {
  test('is committed as a whole once everything about it holds, in whatever order it came', async () => {
    expect(await receive(space, come, [swapOf(last, tip)])).toMatchObject({ ok: true });
    expect(space.tip(genesis.address)).toBe(last.address);
    expect(space.has(come.map(({ address }) => address)).size).toBe(come.length);
  });

  test('may come in parts, twice, and together with what is there already', async () => {
    const quarantine = new Quarantine(space);
    for (const object of [...come, genesis, last])
      expect(await quarantine.add([object])).toMatchObject({ ok: true });
    expect(quarantine.size).toBe(come.length + 1);
    expect(state()).toEqual(before);
    const checked = await quarantine.check([swapOf(last, tip)]);
    expect(checked).toMatchObject({ ok: true });
    expect(state()).toEqual(before);
  });

  test('may be constants alone, which move no tip', async () => {
    const dependent = await makeConstant({ of: linkTo(constant.address) });
    expect(await receive(space, [dependent, constant], [])).toMatchObject({ ok: true });
    expect(space.tips(undefined, 100)).toEqual(before.tips);
  });

  test('that is nothing but what is there is no change', async () => {
    expect(await receive(space, [tip, genesis], [swapOf(tip, tip)])).toMatchObject({ ok: true });
    expect(state()).toEqual(before);
  });

  test('may begin timelines and move others at once, or does neither', async () => {
    const gamma = await makeGenesis({ name: 'gamma' });
    const withGamma = [...come, gamma];
    await expectRefused(
      receive(space, withGamma, [swapOf(gamma), swapOf(last, tip), swapOf(beta, betaTip)]),
      {
        kind: 'bad-frame',
      },
    );
    expect(await receive(space, withGamma, [swapOf(gamma), swapOf(last, tip)])).toMatchObject({ ok: true });
    expect(space.tip(gamma.address)).toBe(gamma.address);
  });

  test('may come in the merge of two that parted', async () => {
    const theirs = await append(tip, { data: { theirs: true } });
    const merged = await appendMerge(theirs, next, {
      data: {},
      merge: {
        base: [tip.address],
        graftbase: next.address,
        graftorphan: theirs.address,
        algorithm: 'x',
        syntax: null,
      },
    });
    expect(await receive(space, [...come, theirs, merged], [swapOf(merged, tip)])).toMatchObject({
      ok: true,
    });
  });
});

describe('an object that does not hold', () => {
  test('is refused when one of its bytes was flipped, whichever', async () => {
    for (const [index, object] of come.entries()) {
      for (let at = 0; at < object.bytes.length; at += 7) {
        const bytes = object.bytes.with(at, (object.bytes[at] ?? 0) ^ 1);
        const received = receive(space, come.with(index, { address: object.address, bytes }), [
          swapOf(last, tip),
        ]);
        await expectRefused(received, { kind: 'bad-object', resource: object.address });
      }
    }
  });

  test('is refused also where the true one came before it', async () => {
    const twice = [...come, { address: last.address, bytes: next.bytes }];
    await expectRefused(receive(space, twice, [swapOf(last, tip)]), {
      kind: 'bad-object',
      resource: last.address,
    });
  });

  test('is refused where its closure is a circle, which no addresses can make', async () => {
    const [here, there] = [next.address, last.address];
    const one = { address: here, bytes: (await makeConstant({ of: linkTo(there) })).bytes };
    const other = { address: there, bytes: (await makeConstant({ of: linkTo(here) })).bytes };
    await expectRefused(receive(space, [one, other], []), { kind: 'bad-object', resource: here });
  });

  test('is refused where it reaches for a prototype', async () => {
    const bytes = utf8('{"data":{"__proto__":{"isAdmin":true}},"kind":"cd-push/constant/1","links":{}}');
    const object = { ...(await storedBlob(bytes)), bytes };
    const { address } = await storedObject(JSON.parse(new TextDecoder().decode(bytes)) as object);
    await expectRefused(receive(space, [{ ...object, address }], []), { kind: 'bad-object' });
    expect('isAdmin' in {}).toBe(false);
  });

  test('is refused where it is a text of 60 MB', async () => {
    const text = await storedBlob('x'.repeat(60_000_000));
    await expectRefused(receive(space, [text], []), { kind: 'too-large', resource: text.address });
  });
});

describe('more than may come at once', () => {
  const limits = { ...quarantineLimits, objects: 4, bytes: 4_000, swaps: 1 };

  test('is refused by its number', async () => {
    await expectRefused(receive(space, [...come, beta], [], { limits }), { kind: 'too-large' });
    expect(await receive(space, come, [swapOf(last, tip)], { limits })).toMatchObject({ ok: true });
  });

  test('is refused by its size, in however many parts', async () => {
    const quarantine = new Quarantine(space, { limits });
    expect(await quarantine.add([await storedBlob('a'.repeat(3_000))])).toMatchObject({ ok: true });
    expect(await quarantine.add([await storedBlob('b'.repeat(1_001))])).toMatchObject({
      problem: { kind: 'too-large' },
    });
    expect(quarantine.bytes).toBe(3_000);
  });

  test('is refused by the number of its tips', async () => {
    const swaps = [swapOf(last, tip), swapOf(betaTip, betaTip)];
    await expectRefused(receive(space, come, swaps, { limits }), { kind: 'too-large' });
  });
});

describe('what is small and takes long to check', () => {
  const place = { tenant: 'acme', environment: 'development', module: 'shop' };
  const nameOf = (index: number): string => `/shop/${index}.js`;

  /** A long history, and manifests that all bring several entries from its beginning to its end. */
  const tangle = async (length: number, files: number, manifests: number) => {
    const { tenant, environment } = place;
    const beginning = await makeGenesis({ tenant, environment, resource: nameOf(0) });
    const frames: FrameObject[] = [];
    for (let n = 0; n < length; n += 1)
      frames.push(await append(frames.at(-1) ?? beginning, { data: { resource: nameOf(n % files), n } }));
    const start = await manifestGenesis(place);
    const entries = (named: readonly FrameObject[]) =>
      new Map(named.map(({ address }, index) => [nameOf(index), address]));
    const oldest = await appendEntries(start, { put: entries(frames.slice(0, files)) });
    const latest = entries(frames.slice(-files));
    const moved = await Promise.all(
      Array.from({ length: manifests }, (_, index) =>
        appendEntries(oldest, { put: latest, remove: [nameOf(index % files)] }).then((one) =>
          appendEntries(one, { remove: [nameOf(Math.floor(index / files))] }).then((two) => [one, two]),
        ),
      ),
    );
    return [beginning, ...frames, start, oldest, ...moved.flat()];
  };

  test('is refused as too-large, by looks that are counted', async () => {
    const objects = await tangle(1_000, 10, 40);
    const limits = { ...quarantineLimits, looks: 10_000, looksPerObject: 10 };
    await expectRefused(receive(space, objects, [], { limits }), { kind: 'too-large' });
    expect((await receive(space, objects, [])).ok).toBe(true);
  });
});

describe('a frame that does not follow from its parents', () => {
  const wrong: readonly [string, object, string][] = [
    ['of a height too high', { height: tip.height + 2 }, '/height'],
    ['of the height of its parent', { height: tip.height }, '/height'],
    ['that jumps to the highest number', { height: Number.MAX_SAFE_INTEGER }, '/height'],
    ['of another timeline than its parent', { timeline: beta.address }, '/parents/0'],
    ['of a timeline named by a later frame', { timeline: first.address }, '/parents/0'],
    ['of a timeline named by a constant', { timeline: constant.address }, '/parents/0'],
    ['whose parent is a constant', { parents: [constant.address] }, '/parents/0'],
    ['whose parent is of another timeline', { parents: [betaTip.address], height: 2 }, '/parents/0'],
  ];
  test.each(wrong)('is refused: one %s', async (_what, changes, path) => {
    const frame = await forged(tip, changes);
    const swaps = [{ timeline: genesis.address, from: tip.address, to: frame.address }];
    for (const moved of [swaps, []]) {
      await expectRefused(receive(space, [frame, constant], moved), {
        kind: 'bad-frame',
        resource: frame.address,
        path,
      });
    }
  });

  test('is refused also where a good tip stands upon it', async () => {
    const bad = await forged(tip, { height: 9 });
    const onTop = await forged(await frameIn(bad), {});
    const swaps = [{ timeline: genesis.address, from: tip.address, to: onTop.address }];
    await expectRefused(receive(space, [onTop, bad], swaps), { kind: 'bad-frame', resource: bad.address });
  });

  const merged = (changes: object) => {
    const [low, high] = [first.address, next.address].toSorted();
    const facts = {
      base: [genesis.address],
      graftbase: low,
      graftorphan: high,
      algorithm: 'x',
      syntax: null,
    };
    return forged(next, { parents: [low, high], height: next.height + 1, merge: { ...facts, ...changes } });
  };
  test.each<[string, object, string]>([
    ['a constant', { base: [constant.address] }, '/merge/base/0'],
    ['a frame of another timeline', { base: [beta.address] }, '/merge/base/0'],
    ['a frame that is not below both', { base: [first.address] }, '/merge/base/0'],
  ])('is refused: a merge from %s', async (_what, changes, path) => {
    const frame = await merged(changes);
    await expectRefused(receive(space, [...come, frame], []), {
      kind: 'bad-frame',
      resource: frame.address,
      path,
    });
  });
});

describe('what refers to something that is not here', () => {
  test.each(come.map((object, index) => [index, object] as const).slice(1))(
    'is refused, and what is missing is named (%#)',
    async (index, { address }) => {
      await expectRefused(receive(space, come.toSpliced(index, 1), [swapOf(last, tip)]), {
        kind: 'missing-object',
        resource: address,
      });
    },
  );

  test('is refused where the tip itself is missing', async () => {
    await expectRefused(receive(space, come.slice(1), [swapOf(last, tip)]), {
      kind: 'missing-object',
      resource: last.address,
    });
  });

  test('is refused where only a conflict within a field refers to it', async () => {
    const sides = [linkTo(blobs[0].address), linkTo(blobs[1].address)].toSorted((a, b) =>
      a['/'] < b['/'] ? -1 : 1,
    );
    const frame = await append(tip, { data: { text: { kind: 'cd-push/conflict/1', base: null, sides } } });
    await expectRefused(receive(space, [frame], [swapOf(frame, tip)]), {
      kind: 'missing-object',
      resource: blobs[1].address,
    });
    expect(await receive(space, [frame, blobs[1]], [swapOf(frame, tip)])).toMatchObject({ ok: true });
  });
});

describe('a tip', () => {
  const expectMoveRefused = async (
    swaps: readonly TipSwap[],
    kind: string,
    resource: Address,
  ): Promise<void> => expectRefused(receive(space, come, swaps), { kind, resource });

  test('is not moved from where it is not', async () => {
    for (const from of [undefined, first, next]) {
      await expectMoveRefused([swapOf(last, from)], 'tip-moved', genesis.address);
    }
  });

  test('is not moved back, nor to a branch that does not go on from it', async () => {
    await expectMoveRefused([swapOf(first, tip)], 'bad-frame', first.address);
    const branch = await append(first, { data: { branch: true } });
    const longer = await append(await append(branch, { data: { n: 1 } }), { data: { n: 2 } });
    const parents = await append(branch, { data: { n: 1 } });
    await expectRefused(receive(space, [branch, parents, longer], [swapOf(longer, tip)]), {
      kind: 'bad-frame',
      resource: longer.address,
    });
  });

  test('is not moved to a frame of another timeline, nor to what is no frame', async () => {
    const elsewhere = { timeline: genesis.address, from: tip.address, to: betaTip.address };
    await expectMoveRefused([elsewhere], 'bad-frame', betaTip.address);
    const blob = { timeline: genesis.address, from: tip.address, to: constant.address };
    await expectMoveRefused([blob], 'bad-frame', constant.address);
    const named = { timeline: first.address, from: undefined, to: tip.address };
    await expectMoveRefused([named], 'bad-frame', tip.address);
  });

  test('is not moved twice at once', async () => {
    await expectMoveRefused([swapOf(next, tip), swapOf(last, tip)], 'bad-frame', genesis.address);
  });

  test('that is moved by somebody else between check and commit stays where that one has put it', async () => {
    const theirs = await append(tip, { data: { theirs: true } });
    const verify = (): undefined => {
      space.commit({ objects: [theirs], swaps: [swapOf(theirs, tip)] });
    };
    expect(await receive(space, come, [swapOf(last, tip)], { verify })).toMatchObject({
      ok: false,
      problem: { kind: 'tip-moved', resource: genesis.address },
    });
    expect(space.tip(genesis.address)).toBe(theirs.address);
    expect(space.size).toBe(before.size + 1);
  });
});

describe('who verifies what came', () => {
  test('sees all of it, read, with its tips, and has the last word', async () => {
    const problem = problemOf('bad-signature');
    const seen: unknown[] = [];
    const checks: ReceiveChecks = {
      verify: async ({ objects, swaps, get, has }) => {
        seen.push(
          [...objects.keys()],
          swaps,
          await get(genesis.address),
          await has([tip.address, last.address]),
        );
        return problem;
      },
    };
    const swaps = [swapOf(last, tip)];
    const received = receive(space, come, swaps, checks);
    await expectRefused(received, { kind: 'bad-signature' });
    const addresses = come.map(({ address }) => address);
    expect(seen).toEqual([addresses, swaps, genesis.bytes, new Set([last.address, tip.address])]);
  });

  test('is not asked about what does not hold anyway', async () => {
    let asked = 0;
    const verify = (): undefined => void (asked += 1);
    await receive(space, come.slice(1), [swapOf(last, tip)], { verify });
    await receive(space, come, [swapOf(last, first)], { verify });
    expect(asked).toBe(0);
  });
});

test('a space that fails is not mistaken for one that refuses', async () => {
  const failing: Space = {
    get: (address) => space.get(address),
    has: (addresses) => space.has(addresses),
    tip: (timeline) => space.tip(timeline),
    tips: (after, limit) => space.tips(after, limit),
    commit: () => Promise.reject(new Error('The disk is full.')),
  };
  await expect(receive(failing, come, [swapOf(last, tip)])).rejects.toThrow('The disk is full.');
});

describe('any history', () => {
  /** A delivery of a whole timeline, of frames with blobs, whose every object is needed. */
  const deliveries = fc.array(fc.record({ parent: fc.nat(), text: fc.string() }), {
    minLength: 1,
    maxLength: 12,
  });

  const deliver = async (
    steps: readonly { readonly parent: number; readonly text: string }[],
  ): Promise<SpaceChange> => {
    const source = new MemorySpace();
    const frames: FrameObject[] = [await makeGenesis({ any: true })];
    for (const { parent, text } of steps) {
      const blob = await storedBlob(text);
      const on = frames[parent % frames.length]!;
      const frame = await append(on, { data: { source: linkTo(blob.address), on: frames.length } });
      source.commit({ objects: [blob], swaps: [] });
      frames.push(frame);
    }
    source.commit({ objects: frames, swaps: [] });
    const objects: StoredObject[] = [];
    const top = frames.at(-1)!;
    for await (const { address, bytes } of closure(source, [top.address])) objects.push({ address, bytes });
    return { objects, swaps: [swapOf(top)] };
  };

  test('is received whole in any order, and not at all where anything of it is missing or altered', async () => {
    await fc.assert(
      fc.asyncProperty(deliveries, fc.nat(), fc.nat(), fc.nat(7), async (steps, which, byte, bit) => {
        const { objects, swaps } = await deliver(steps);
        const index = which % objects.length;
        const { address, bytes } = objects[index]!;
        const empty = new MemorySpace();

        const missing = await receive(empty, objects.toSpliced(index, 1), swaps);
        expect(missing).toMatchObject({ ok: false, problem: { kind: 'missing-object', resource: address } });
        if (bytes.length > 0) {
          const at = byte % bytes.length;
          const altered = bytes.with(at, (bytes[at] ?? 0) ^ (1 << bit));
          const received = await receive(empty, objects.with(index, { address, bytes: altered }), swaps);
          expect(received).toMatchObject({ ok: false, problem: { kind: 'bad-object', resource: address } });
        }
        expect([empty.size, empty.tips(undefined, 9)]).toEqual([0, []]);

        const shuffled = [...objects.slice(index), ...objects.slice(0, index)].toReversed();
        expect(await receive(empty, shuffled, swaps)).toMatchObject({ ok: true });
        expect(empty.size).toBe(new Set(objects.map((object) => object.address)).size);
      }),
      { seed: 27_182, numRuns: 150 },
    );
  });
});
