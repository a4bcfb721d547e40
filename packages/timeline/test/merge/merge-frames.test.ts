import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';

import {
  append,
  appendMerge,
  conflictPaths,
  linkTo,
  loadFrame,
  loadObject,
  makeConstant,
  makeGenesis,
  manifestGenesis,
  maxMergedLength,
  appendEntries,
  mergeBases,
  mergeFrames,
  MemorySpace,
  receive,
  remakes,
  storedBlob,
  type Address,
  type Conflict,
  type FrameObject,
  type LaterFrame,
  type Link,
  type Links,
  type StoredObject,
  type SyntaxCheck,
  type Value,
  type ValueMap,
} from '../../src/index.ts';
import { stepsPerRead } from '../../src/merge/merge-steps.ts';
import { mergeData } from '../../src/merge/merge-values.ts';
import { seeded } from './support.ts';

let space: MemorySpace;
let genesis: FrameObject;

beforeEach(async () => {
  space = new MemorySpace();
  genesis = await put(await makeGenesis({ name: 'alpha' }));
});

const put = async <Kept extends StoredObject>(object: Kept): Promise<Kept> => {
  space.commit({ objects: [object], swaps: [] });
  return object;
};
const blob = async (content: string | Uint8Array): Promise<Value> =>
  linkTo((await put(await storedBlob(content))).address);
const next = async (parent: FrameObject, data: ValueMap, links: Links = {}) =>
  put(await append(parent, { data, links }));

/** Merges both ways, and keeps what was made. */
const merge = async (one: FrameObject, other: FrameObject, syntax?: SyntaxCheck) => {
  const merged = await mergeFrames(space, one.address, other.address, syntax);
  expect(await mergeFrames(space, other.address, one.address, syntax)).toEqual(merged);
  expect(await receive(space, merged.objects, [])).toMatchObject({ ok: true });
  return { ...merged, frame: await loadFrame(space, merged.address) };
};
const mergedData = async (
  base: ValueMap,
  ours: ValueMap,
  theirs: ValueMap,
  syntax?: SyntaxCheck,
): Promise<ValueMap> => {
  const common = await next(genesis, base);
  return (await merge(await next(common, ours), await next(common, theirs), syntax)).frame.frame.data;
};
const conflict = (base: Value, ...sides: readonly Value[]): Conflict => ({
  kind: 'cd-push/conflict/1',
  base,
  sides,
});
const textOf = async (value: Value | undefined): Promise<string> => {
  const { bytes } = await loadObject(space, (value as { readonly '/': Address })['/']);
  return new TextDecoder().decode(bytes);
};
const mergeOf = ({ frame }: FrameObject) => (frame as LaterFrame).merge;

describe('which frame it is', () => {
  it('a frame that has the other one is the merge, and nothing is made', async () => {
    const first = await next(genesis, { a: 1 });
    const second = await next(first, { a: 2 });
    for (const before of [genesis, first, second]) {
      expect(await mergeFrames(space, before.address, second.address)).toEqual({
        address: second.address,
        objects: [],
        conflicts: [],
      });
    }
  });

  it('two that have moved on come together in a frame that says from what, and what was grafted onto what', async () => {
    const common = await next(genesis, { a: 1, b: 1 });
    const shorter = await next(common, { a: 2, b: 1 });
    const longer = await next(await next(common, { a: 1, b: 2 }), { a: 1, b: 3 });
    const { frame, objects } = await merge(shorter, longer);
    expect(frame.frame).toEqual({
      kind: 'cd-push/frame/1',
      timeline: genesis.address,
      height: 4,
      parents: [shorter.address, longer.address].toSorted(),
      data: { a: 2, b: 3 },
      links: {},
      merge: {
        base: [common.address],
        graftbase: longer.address,
        graftorphan: shorter.address,
        algorithm: 'cd-push/merge/2',
        syntax: null,
      },
    });
    expect(objects.map(({ address }) => address)).toEqual([frame.address]);
  });

  it('of two equally long ones the one with the lesser address stays', async () => {
    const [one, other] = [await next(genesis, { a: 1 }), await next(genesis, { b: 1 })];
    const [graftbase, graftorphan] = [one.address, other.address].toSorted();
    expect(mergeOf((await merge(one, other)).frame)).toMatchObject({ graftbase, graftorphan });
  });

  it('the same edit on both sides leads to one frame, and to nothing to be merged', async () => {
    const [one, other] = [await next(genesis, { a: 1 }), await next(genesis, { a: 1 })];
    expect((await merge(one, other)).objects).toEqual([]);
  });

  it('frames of two timelines are refused', async () => {
    const beta = await put(await makeGenesis({ name: 'beta' }));
    await expect(mergeFrames(space, genesis.address, beta.address)).rejects.toMatchObject({
      problem: { kind: 'bad-frame', resource: beta.address },
    });
  });

  it('a frame that is not here is named', async () => {
    const missing = await append(genesis, { data: { a: 1 } });
    await expect(mergeFrames(space, genesis.address, missing.address)).rejects.toMatchObject({
      problem: { kind: 'missing-object', resource: missing.address },
    });
  });
});

describe('fields', () => {
  it.each<[string, ValueMap, ValueMap, ValueMap, ValueMap]>([
    ['different ones are both kept', { a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 2 }, { a: 2, b: 2 }],
    ['new ones too', {}, { a: 1 }, { b: 2 }, { a: 1, b: 2 }],
    ['one that a side took away is gone', { a: 1, b: 1 }, { b: 1 }, { a: 1, b: 2 }, { b: 2 }],
    [
      'maps are merged by their keys',
      { m: { a: 1, n: { b: 1 } } },
      { m: { a: 2, n: { b: 1 } } },
      { m: { a: 1, n: { b: 2, c: 3 } } },
      { m: { a: 2, n: { b: 2, c: 3 } } },
    ],
    ['maps that both began too', {}, { m: { a: 1 } }, { m: { b: 1 } }, { m: { a: 1, b: 1 } }],
    ['the same edit is there once', { a: [1] }, { a: [1, 2] }, { a: [1, 2], b: 1 }, { a: [1, 2], b: 1 }],
    [
      'a text field is merged by its lines',
      { text: 'a\nb\nc\n' },
      { text: 'A\nb\nc\n' },
      { text: 'a\nb\nC\n' },
      { text: 'A\nb\nC\n' },
    ],
    [
      'in a map as well',
      { m: { text: 'a\nb\nc\n' } },
      { m: { text: 'A\nb\nc\n' } },
      { m: { text: 'a\nb\nC\n' } },
      { m: { text: 'A\nb\nC\n' } },
    ],
    [
      'a string of another name is a whole',
      { name: 'a\nb\nc\n' },
      { name: 'A\nb\nc\n' },
      { name: 'a\nb\nC\n' },
      { name: conflict('a\nb\nc\n', 'A\nb\nc\n', 'a\nb\nC\n') },
    ],
    [
      'so is a list',
      { a: [1, 2] },
      { a: [0, 1, 2] },
      { a: [1, 2, 3] },
      { a: conflict([1, 2], [0, 1, 2], [1, 2, 3]) },
    ],
    [
      'what both changed in different ways is a conflict, in the order of its sides',
      { a: 1 },
      { a: 3 },
      { a: 2 },
      { a: conflict(1, 2, 3) },
    ],
    ['what one changed and the other took away is one', { a: 1 }, {}, { a: 2 }, { a: conflict(1, 2, null) }],
    [
      'also within maps, and for the map as a whole',
      { m: { a: 1, b: 1 } },
      {},
      { m: { a: 1, b: 2 } },
      { m: conflict({ a: 1, b: 1 }, null, { a: 1, b: 2 }) },
    ],
    [
      'what both began in different ways comes from nothing',
      {},
      { a: 1 },
      { a: 2 },
      { a: conflict(null, 1, 2) },
    ],
    [
      'a map against a single value is one',
      { m: { a: 1 } },
      { m: { a: 2 } },
      { m: 'x' },
      { m: conflict({ a: 1 }, 'x', { a: 2 }) },
    ],
    [
      'names of what every object has are names like others',
      {},
      { toString: 1 },
      { valueOf: 2 },
      { toString: 1, valueOf: 2 },
    ],
  ])('%s', async (_, base, ours, theirs, data) => {
    expect(await mergedData(base, ours, theirs)).toEqual(data);
  });

  it('relations are sets: what a side added is there, what a side took away is not', async () => {
    const [a, b, c, d] = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (name) => (await put(await makeConstant({ name }))).address),
    );
    const common = await next(genesis, {}, { uses: [a!, b!], needs: [a!] });
    const one = await next(common, {}, { uses: [b!, c!], needs: [a!] });
    const other = await next(common, {}, { uses: [a!, b!, d!], sees: [c!] });
    const { frame } = await merge(one, other);
    expect(frame.frame.links).toEqual({ uses: [b!, c!, d!].toSorted(), sees: [c] });
  });
});

describe('files', () => {
  it('a source is merged to the byte, whatever its line ends, and its blob is made', async () => {
    const [base, ours, theirs] = ['\ufeffa\r\nb\r\nc', '\ufeffA\r\nb\r\nc', '\ufeffa\r\nb\r\nC\r\n'];
    const common = await next(genesis, { source: await blob(base) });
    const { frame, objects } = await merge(
      await next(common, { source: await blob(ours) }),
      await next(common, { source: await blob(theirs) }),
    );
    expect(objects).toHaveLength(2);
    const made = await loadObject(space, (frame.frame.data['source'] as { readonly '/': Address })['/']);
    expect(new TextDecoder('utf-8', { ignoreBOM: true }).decode(made.bytes)).toBe('\ufeffA\r\nb\r\nC\r\n');
  });

  it('a source in conflict has all three texts in it, byte for byte', async () => {
    const [base, ours, theirs] = ['a\n', 'b\r\n', 'c'];
    const { source } = await mergedData(
      { source: await blob(base) },
      { source: await blob(ours) },
      { source: await blob(theirs) },
    );
    const { base: was, sides } = source as Conflict;
    expect(await textOf(was)).toBe(base);
    expect((await Promise.all(sides.map(textOf))).toSorted()).toEqual([ours, theirs].toSorted());
  });

  it('bytes that are no text are a conflict, and never decoded', async () => {
    const [base, ours, theirs] = await Promise.all(
      [[1], [255, 10, 1], [2, 10, 128]].map((bytes) => blob(Uint8Array.from(bytes))),
    );
    const { source } = await mergedData({ source: base! }, { source: ours! }, { source: theirs! });
    expect((source as Conflict).sides).toHaveLength(2);
  });

  it('texts beyond the bound are a conflict, and never decoded', async () => {
    const files = await Promise.all(
      ['a', 'b', 'c'].map((first) => blob(first.padEnd(3 * maxMergedLength + 1, '\n'))),
    );
    const [base, ours, theirs] = files;
    const { source } = await mergedData({ source: base! }, { source: ours! }, { source: theirs! });
    expect((source as Conflict).sides).toHaveLength(2);
  });

  it('two sources that grew from nothing are a conflict', async () => {
    const { source } = await mergedData({}, { source: await blob('a\n') }, { source: await blob('b\n') });
    expect(source).toMatchObject({ kind: 'cd-push/conflict/1', base: null });
  });

  describe('a save of a file', () => {
    const save = async (
      text: string | undefined,
      digest: string,
      more: ValueMap = {},
    ): Promise<ValueMap> => ({
      resource: '/a/b.js',
      componentType: 'controller',
      change: text === undefined ? 'delete' : 'put',
      digest: text === undefined ? null : digest,
      ...(text === undefined ? {} : { source: await blob(text) }),
      ...more,
    });

    it('says nothing of what was made of a source that nobody has pushed', async () => {
      const data = await mergedData(
        await save('a\nb\nc\n', 'd0'),
        await save('A\nb\nc\n', 'd1'),
        await save('a\nb\nC\n', 'd2'),
      );
      expect(data).toEqual({
        resource: '/a/b.js',
        componentType: 'controller',
        change: 'put',
        source: await blob('A\nb\nC\n'),
      });
    });

    it('has what was made of it from the side whose source it has', async () => {
      const base = await save('a\n', 'd0');
      const ours = await save('b\n', 'd1', { mapDigest: 'm1' });
      expect(await mergedData(base, ours, { ...base, componentType: 'module' })).toEqual({
        ...ours,
        componentType: 'module',
      });
    });

    it('that one deleted and the other changed is a conflict, and nothing is made of it', async () => {
      const [base, theirs] = [await save('a\n', 'd0'), await save('b\n', 'd1')];
      const data = await mergedData(base, await save(undefined, ''), theirs);
      expect(data).toEqual({
        resource: '/a/b.js',
        componentType: 'controller',
        change: 'put',
        source: conflict(base['source']!, null, theirs['source']!),
      });
    });

    it('that both deleted is deleted', async () => {
      const gone = await save(undefined, '');
      const data = await mergedData(await save('a\n', 'd0'), { ...gone, x: 1 }, { ...gone, y: 1 });
      expect(data).toEqual({ ...gone, x: 1, y: 1 });
    });
  });
});

describe('conflicts', () => {
  const settled = async (): Promise<{ readonly common: FrameObject; readonly inConflict: FrameObject }> => {
    const common = await next(genesis, { a: 0 });
    const { frame } = await merge(await next(common, { a: 1 }), await next(common, { a: 2 }));
    expect(frame.frame.data).toEqual({ a: conflict(0, 1, 2) });
    return { common, inConflict: frame };
  };

  it('places in conflict are told, by pointers that escape what has to be', async () => {
    const common = await next(genesis, { 'a/b': { '~': 1 }, c: 1 });
    const { conflicts, address } = await merge(
      await next(common, { 'a/b': { '~': 2 }, c: 2 }),
      await next(common, { 'a/b': { '~': 3 }, c: 3 }),
    );
    expect(conflicts).toEqual([
      { frame: address, path: '/a~1b/~0' },
      { frame: address, path: '/c' },
    ]);
  });

  it('one that is settled stays settled when somebody comes who still has it', async () => {
    const { inConflict } = await settled();
    const one = await next(inConflict, { a: 3 });
    const other = await next(inConflict, { a: conflict(0, 1, 2), b: 1 });
    expect((await merge(one, other)).frame.frame.data).toEqual({ a: 3, b: 1 });
    expect(conflictPaths({ a: 3 })).toEqual([]);
  });

  it('one that is settled in two ways is one of these two, also where one chose a side', async () => {
    const { inConflict } = await settled();
    const data = async (one: Value, other: Value) =>
      (await merge(await next(inConflict, { a: one }), await next(inConflict, { a: other }))).frame.frame
        .data;
    expect(await data(3, 4)).toEqual({ a: conflict(0, 3, 4) });
    expect(await data(1, 4)).toEqual({ a: conflict(0, 1, 4) });
    expect(await data(1, 2)).toEqual({ a: conflict(0, 1, 2) });
  });

  it('a third side joins those that are there, and none of them is within another', async () => {
    const { common, inConflict } = await settled();
    expect((await merge(inConflict, await next(common, { a: 3 }))).frame.frame.data).toEqual({
      a: conflict(0, 1, 2, 3),
    });
  });

  it('whoever edits one side of it further replaces that side, and no other', async () => {
    const common = await next(genesis, { a: 0 });
    const [one, other] = [await next(common, { a: 1 }), await next(common, { a: 2 })];
    const { frame } = await merge(one, other);
    expect((await merge(frame, await next(one, { a: 3 }))).frame.frame.data).toEqual({
      a: conflict(1, 2, 3),
    });
  });

  it('one that is settled is in conflict with what a third one did meanwhile, and with nothing else', async () => {
    const { common, inConflict } = await settled();
    const withThird = (await merge(inConflict, await next(common, { a: 3 }))).frame;
    expect((await merge(await next(inConflict, { a: 4 }), withThird)).frame.frame.data).toEqual({
      a: conflict(0, 3, 4),
    });
  });

  it('two sides that were chosen, each by another one, stay, also where one of these met what a third did meanwhile', async () => {
    const { common, inConflict } = await settled();
    const met = (await merge(await next(inConflict, { a: 2 }), await next(common, { a: 3 }))).frame;
    expect(met.frame.data).toEqual({ a: conflict(0, 2, 3) });
    expect((await merge(await next(inConflict, { a: 1 }), met)).frame.frame.data).toEqual({
      a: conflict(0, 1, 2, 3),
    });
  });

  it('a side that somebody chose, and that the other edited further, is what it was edited to', async () => {
    const common = await next(genesis, { a: 0 });
    const [one, other] = [await next(common, { a: 1 }), await next(common, { a: 2 })];
    const inConflict = (await merge(one, other)).frame;
    const edited = (await merge(inConflict, await next(one, { a: 3 }))).frame;
    expect((await merge(await next(inConflict, { a: 1 }), edited)).frame.frame.data).toEqual({ a: 3 });
  });

  it('a side that is only left over from a merge was not chosen, and goes with whoever chose another one', async () => {
    const common = await next(genesis, { a: 0 });
    const [deleted, one] = [await next(common, {}), await next(common, { a: 1 })];
    const other = await next(deleted, { a: 2 });
    const inConflict = (await merge(other, (await merge(deleted, one)).frame)).frame;
    expect(inConflict.frame.data).toEqual({ a: conflict(null, 1, 2) });
    // Whoever took the first one away has not heard of the second, which comes along as it is.
    const away = await next((await merge(await next(deleted, { x: 1 }), one)).frame, { x: 1 });
    const leftOver = (await merge((await merge(away, other)).frame, inConflict)).frame;
    expect(leftOver.frame.data).toEqual({ a: 2, x: 1 });
    const settledByOne = await next(inConflict, { a: 1 });
    expect((await merge(leftOver, settledByOne)).frame.frame.data).toEqual({ a: 1, x: 1 });
  });

  it('one that is settled in two ways is both of them, also where both have met what a third did meanwhile', async () => {
    const { common, inConflict } = await settled();
    const withThird = (await merge(inConflict, await next(common, { a: 3 }))).frame;
    const met = async (chosen: Value) =>
      (await merge(await next(inConflict, { a: chosen }), withThird)).frame;
    const [one, other] = [await met(1), await met(2)];
    expect([one, other].map(({ frame }) => frame.data)).toEqual([
      { a: conflict(0, 1, 3) },
      { a: conflict(0, 2, 3) },
    ]);
    expect((await merge(one, other)).frame.frame.data).toEqual({ a: conflict(0, 1, 2, 3) });
  });
});

describe('histories that crossed', () => {
  it('both merge bases are named, and what was taken away since is not brought back', async () => {
    const common = await next(genesis, { a: 1, b: 1 });
    const [one, other] = [await next(common, { a: 2, b: 1 }), await next(common, { a: 1, b: 2 })];
    const { frame } = await merge(one, other);
    // Each side merges by itself, with something of its own.
    const left = await put(await appendBeside(one, other, { a: 2, b: 2, x: 1 }));
    const right = await next(frame, { b: 2 });
    const crossed = await merge(left, right);
    expect(mergeOf(crossed.frame)?.base).toEqual([one.address, other.address].toSorted());
    expect(crossed.frame.frame.data).toEqual({ b: 2, x: 1 });
    expect(await mergeBases(space, left.address, right.address)).toHaveLength(2);
  });

  const crossed = async (times: number): Promise<FrameObject> => {
    let [left, right]: readonly [FrameObject, FrameObject] = [
      await next(genesis, { left: 0 }),
      await next(genesis, { right: 0 }),
    ];
    for (let n = 1; n <= times; n += 1) {
      const data = { left: n - 1, right: n - 1 };
      [left, right] = [
        await put(await appendBeside(left, right, { ...data, left: n })),
        await put(await appendBeside(left, right, { ...data, right: n })),
      ];
    }
    return (await merge(left, right)).frame;
  };

  it('histories that crossed two hundred times are merged as if they had crossed once', async () => {
    expect((await crossed(200)).frame.data).toEqual({ left: 200, right: 200 });
  });

  it('beyond the bound there may be conflicts more, and nothing is lost', async () => {
    const { frame } = await crossed(300);
    expect(JSON.stringify(frame.data['left'])).toContain('300');
    expect(JSON.stringify(frame.data['right'])).toContain('300');
  });

  /** Two changes of one field, each of which one side took back before it heard of the other, and hears of now. */
  const crossedWith = async (
    first: ValueMap,
    second: ValueMap,
    ...afterwards: readonly [ValueMap, ValueMap]
  ) => {
    const common = await next(genesis, { z: 0 });
    const [one, other] = [await next(common, { z: 0, ...first }), await next(common, { z: 0, ...second })];
    const [oneLater, otherLater] = [
      await next(one, { z: 0, ...afterwards[0] }),
      await next(other, { z: 0, ...afterwards[1] }),
    ];
    const sides = [(await merge(oneLater, other)).frame, (await merge(otherLater, one)).frame] as const;
    expect(await mergeBases(space, sides[0].address, sides[1].address)).toEqual(
      [one.address, other.address].toSorted(),
    );
    return { one, other, sides, merged: (await merge(...sides)).frame.frame.data };
  };

  it('what each of two wrote and took away again is gone, also where each has only heard of what the other wrote', async () => {
    const { sides, merged } = await crossedWith({ a: 1 }, { a: 2 }, {}, {});
    expect(sides.map(({ frame }) => frame.data)).toEqual([
      { z: 0, a: 2 },
      { z: 0, a: 1 },
    ]);
    expect(merged).toEqual({ z: 0 });
    // Whoever only leaves it there, and changes something else, has not said it.
    const [left, right] = [
      await next(sides[0], { z: 0, a: 2, y: 1 }),
      await next(sides[1], { z: 0, a: 1, x: 1 }),
    ];
    expect((await merge(left, right)).frame.frame.data).toEqual({ x: 1, y: 1, z: 0 });
  });

  it('members of a map that both began and both took away again are gone', async () => {
    const { merged } = await crossedWith(
      { m: { a: 1, b: 3 } },
      { m: { a: 2, b: 3 } },
      { m: { b: 3 } },
      { m: { b: 3 } },
    );
    expect(merged).toEqual({ z: 0, m: { b: 3 } });
  });

  it('a side that somebody chose stays, and the other one does not come back by whoever took away the chosen one', async () => {
    const { one, other, sides } = await crossedWith({ a: 1 }, { a: 2 }, {}, {});
    const chosen = await next((await merge(one, other)).frame, { z: 0, a: 1 });
    expect(sides[0].frame.data).toEqual({ z: 0, a: 2 });
    expect((await merge(chosen, sides[0])).frame.frame.data).toEqual({ z: 0, a: 1 });
  });

  it('sides that two chose, each by himself, are both there', async () => {
    const { one, other } = await crossedWith({ a: 1 }, { a: 2 }, {}, {});
    const inConflict = (await merge(one, other)).frame;
    const beside = (await merge(await next(one, { z: 1, a: 1 }), other)).frame;
    const merged = await merge(await next(inConflict, { z: 0, a: 1 }), await next(beside, { z: 1, a: 2 }));
    expect(merged.frame.frame.data).toEqual({ z: 1, a: conflict(null, 1, 2) });
  });

  it('a text that merges have left out, for being within others, is there where these are left out as well', async () => {
    const text = (first: string, last: string): ValueMap => ({ text: `${first}\n2\n3\n4\n${last}\n` });
    const common = await next(genesis, text('1', '5'));
    const [one, other, third] = [
      await next(common, text('one', '5')),
      await next(common, text('other', '5')),
      await next(common, text('1', 'third')),
    ];
    const [oneAndThird, otherAndThird] = [(await merge(one, third)).frame, (await merge(other, third)).frame];
    const left = (await merge((await merge(otherAndThird, one)).frame, oneAndThird)).frame;
    const right = (await merge((await merge(oneAndThird, other)).frame, otherAndThird)).frame;
    expect(left.frame.data['text']).toMatchObject({
      sides: [text('one', '5'), text('other', 'third')].map((side) => side['text']),
    });
    expect((await merge(left, right)).frame.frame.data['text']).toMatchObject({
      sides: [text('one', '5'), text('one', 'third'), text('other', '5'), text('other', 'third')].map(
        (side) => side['text'],
      ),
    });
  });

  it('what is read of a history to know who has said what is counted among the steps', async () => {
    const { sides } = await crossedWith({ a: 1 }, { a: 2 }, {}, {});
    const stepsOf = async (one: FrameObject): Promise<number> => {
      let taken = 0;
      await mergeFrames(space, one.address, sides[1].address, undefined, (steps) => void (taken += steps));
      return taken;
    };
    const before = await stepsOf(sides[0]);
    let [later] = sides;
    for (let n = 1; n <= 20; n += 1) later = await next(later, { z: n, a: 2 });
    expect(await stepsOf(later)).toBeGreaterThan(before + 20 * stepsPerRead);
  });

  it('whoever merges by hand has said what he left, and taken away what he did not', async () => {
    const { one, other, sides } = await crossedWith({ a: 1 }, { a: 2 }, {}, {});
    const byHand = await put(await appendBeside(one, other, { z: 0, a: 1 }));
    expect(sides[0].frame.data).toEqual({ z: 0, a: 2 });
    expect((await merge(byHand, sides[0])).frame.frame.data).toEqual({ z: 0, a: 1 });
  });

  it('a value that somebody chose over a map stays beside that map, edited further', async () => {
    const common = await next(genesis, { m: { a: 0 } });
    const [one, other] = [await next(common, { m: 1 }), await next(common, { m: { a: 2 } })];
    const chosen = await next((await merge(one, await next(other, { m: { a: 2 }, x: 1 }))).frame, {
      m: 1,
      x: 1,
    });
    const edited = (await merge(await next(one, { m: { b: 3 } }), other)).frame;
    const map = { a: conflict(0, 2, null), b: 3 };
    expect(edited.frame.data).toEqual({ m: map });
    expect((await merge(chosen, edited)).frame.frame.data).toEqual({ m: conflict({ a: 0 }, 1, map), x: 1 });
  });

  it('a map that one took away and the other edited further is a conflict of both, whatever stood there besides', async () => {
    const { sides, merged } = await crossedWith({ m: { a: 1 } }, { m: 2 }, {}, { m: { b: 3 } });
    expect(sides.map(({ frame }) => frame.data)).toEqual([
      { z: 0, m: 2 },
      { z: 0, m: { a: 1, b: 3 } },
    ]);
    expect(merged).toEqual({ z: 0, m: conflict(null, null, { a: 1, b: 3 }) });
  });

  /** A merge frame whose maker has put something of his own in. */
  const appendBeside = async (one: FrameObject, other: FrameObject, data: ValueMap): Promise<FrameObject> => {
    const [graftbase, graftorphan] = [one.address, other.address];
    const base = await mergeBases(space, graftbase, graftorphan);
    return appendMerge(one, other, {
      data,
      merge: { base, graftbase, graftorphan, algorithm: 'by-hand', syntax: null },
    });
  };
});

describe('manifests', () => {
  const place = { tenant: 't', environment: 'dev', module: 'm' };
  const fileGenesis = (name: string) =>
    makeGenesis({ tenant: 't', environment: 'dev', resource: `/m/${name}` });
  const file = async (parent: FrameObject, text: string): Promise<FrameObject> =>
    next(parent, { resource: parent.frame.data['resource'] ?? '', source: await blob(text) });

  it('files that both changed are merged with it, and come along', async () => {
    const empty = await put(await manifestGenesis(place));
    const a = await file(await put(await fileGenesis('a.js')), 'a\nb\nc\n');
    const b = await file(await put(await fileGenesis('b.js')), 'b\n');
    const names = (tips: Readonly<Record<string, FrameObject>>) =>
      new Map(Object.entries(tips).map(([name, { address }]) => [`/m/${name}`, address]));
    const common = await put(await appendEntries(empty, { put: names({ 'a.js': a, 'b.js': b }) }));
    const [ours, theirs] = [await file(a, 'A\nb\nc\n'), await file(a, 'a\nb\nC\n')];
    const added = await file(await put(await fileGenesis('c.js')), 'c\n');
    const one = await put(await appendEntries(common, { put: names({ 'a.js': ours, 'c.js': added }) }));
    const other = await put(
      await appendEntries(common, { put: names({ 'a.js': theirs }), remove: ['/m/b.js'] }),
    );

    const { frame, objects } = await merge(one, other);
    const tip = (await mergeFrames(space, ours.address, theirs.address)).address;
    expect(frame.frame.data).toEqual({
      entries: { '/m/a.js': linkTo(tip), '/m/c.js': linkTo(added.address) },
    });
    expect(await textOf((await loadFrame(space, tip)).frame.data['source'])).toBe('A\nb\nC\n');
    // The manifest, the file's frame and its text.
    expect(objects).toHaveLength(3);
  });

  /** In a base that is made of several, null being one side of all three. */
  const entryOf = async (
    base: Value,
    ours: readonly FrameObject[],
    theirs: readonly FrameObject[],
  ): Promise<Value | undefined> => {
    const data = (entry: Value): ValueMap => ({ entries: { '/m/a.js': entry } });
    const merging = {
      history: {
        isMade: true,
        seenAt: () => [],
        hasSaid: async () => false,
        hasRemoved: async () => false,
      },
      texts: () => undefined,
      files: async () => undefined,
      entries: async (a: Link, b: Link) => linkTo((await mergeFrames(space, a['/'], b['/'])).address),
    };
    const [one, other] = [data(removedOr(null, ours)), data(removedOr(null, theirs))];
    const merged = await mergeData({ base: data(base), ours: one, theirs: other }, merging);
    expect(await mergeData({ base: data(base), ours: other, theirs: one }, merging)).toEqual(merged);
    return (merged['entries'] as ValueMap)['/m/a.js'];
  };
  const removedOr = (base: Value, frames: readonly FrameObject[]): Conflict =>
    conflict(
      base,
      null,
      ...frames
        .map(({ address }) => address)
        .toSorted()
        .map(linkTo),
    );

  it('an earlier frame of a file does not come back by a conflict that others have left behind', async () => {
    const began = await put(await fileGenesis('a.js'));
    const [first, beside] = [await file(began, 'a\n'), await file(began, 'b\n')];
    const was = linkTo((await file(first, 'c\n')).address);
    expect(await entryOf(was, [beside], [first])).toEqual(removedOr(was, [beside]));
  });

  it('a file that one has merged, and the other has as what came together in it, is dropped by nobody', async () => {
    const began = await put(await fileGenesis('a.js'));
    const common = await file(began, 'a\nb\nc\n');
    const [first, second] = [await file(common, 'A\nb\nc\n'), await file(common, 'a\nb\nC\n')];
    const together = (await merge(first, second)).frame;
    const beside = await file(common, 'a\nb\nc\nd\n');
    const was = removedOr(null, [together]);
    expect(await entryOf(was, [first, second], [together, beside])).toEqual(
      removedOr(null, [together, beside]),
    );
    expect(await entryOf(linkTo(together.address), [first, second], [together, beside])).toEqual(
      removedOr(linkTo(together.address), [together, beside]),
    );
    // A frame that neither side names is nobody's tip.
    expect(await entryOf(was, [first], [second])).toEqual(removedOr(null, [first, second]));
  });

  it('a file that both took away, each in another state, has no entry, though its states came together', async () => {
    const began = await put(await fileGenesis('a.js'));
    const common = await file(began, 'a\nb\nc\n');
    const [first, second] = [await file(common, 'A\nb\nc\n'), await file(common, 'a\nb\nC\n')];
    const empty = await put(await manifestGenesis(place));
    const saved = async (parent: FrameObject, { address }: FrameObject) =>
      put(await appendEntries(parent, { put: new Map([['/m/a.js', address]]) }));
    const manifest = await saved(empty, common);
    const [one, other] = [await saved(manifest, first), await saved(manifest, second)];
    const removed = async (parent: FrameObject) =>
      put(await appendEntries(parent, { put: new Map(), remove: ['/m/a.js'] }));
    const sides = [
      (await merge(await removed(one), other)).frame,
      (await merge(await removed(other), one)).frame,
    ] as const;
    expect(sides.map(({ frame }) => frame.data['entries'])).toEqual([
      { '/m/a.js': conflict(linkTo(common.address), null, linkTo(second.address)) },
      { '/m/a.js': conflict(linkTo(common.address), null, linkTo(first.address)) },
    ]);
    expect((await merge(...sides)).frame.frame.data['entries']).toEqual({});
    // Whoever chose to keep it has said so, and the other has not heard of that.
    const kept = await merge(await saved(sides[0], second), sides[1]);
    expect(kept.frame.frame.data['entries']).toMatchObject({
      '/m/a.js': { sides: [null, linkTo(second.address)] },
    });
  });

  it('a file in conflict is told with its own frame, and one that was removed here and changed there in the manifest', async () => {
    const empty = await put(await manifestGenesis(place));
    const a = await file(await put(await fileGenesis('a.js')), 'a\n');
    const b = await file(await put(await fileGenesis('b.js')), 'b\n');
    const common = await put(
      await appendEntries(empty, {
        put: new Map([
          ['/m/a.js', a.address],
          ['/m/b.js', b.address],
        ]),
      }),
    );
    const one = await put(
      await appendEntries(common, {
        put: new Map([['/m/a.js', (await file(a, 'b\n')).address]]),
        remove: ['/m/b.js'],
      }),
    );
    const changed = await file(b, 'c\n');
    const other = await put(
      await appendEntries(common, {
        put: new Map([
          ['/m/a.js', (await file(a, 'c\n')).address],
          ['/m/b.js', changed.address],
        ]),
      }),
    );
    const { frame, conflicts } = await merge(one, other);
    expect(frame.frame.data).toMatchObject({
      entries: { '/m/b.js': conflict(linkTo(b.address), null, linkTo(changed.address)) },
    });
    expect(conflicts.map(({ path }) => path).toSorted()).toEqual(['/entries/~1m~1b.js', '/source']);
  });
});

describe('who can make it again', () => {
  const accepting = (id: string, does = true): SyntaxCheck => ({
    id,
    languageOf: () => 'js',
    accepts: () => does,
  });
  const sides = async (): Promise<readonly [FrameObject, FrameObject]> => {
    const common = await next(genesis, { resource: '/m/a.js', text: 'a(1, 2);\n' });
    return [
      await next(common, { resource: '/m/a.js', text: 'a(3, 2);\n' }),
      await next(common, { resource: '/m/a.js', text: 'a(1, 4);\n' }),
    ];
  };

  it('the parsers that judged a finer merge are named; whoever has the same comes to the same frame', async () => {
    const [one, other] = await sides();
    const { frame } = await merge(one, other, accepting('p@1'));
    expect(frame.frame.data['text']).toBe('a(3, 4);\n');
    expect(mergeOf(frame)?.syntax).toBe('p@1');
    expect(await remakes(space, frame.address, accepting('p@1'))).toBe('same');
    expect(await remakes(space, frame.address, accepting('p@2'))).toBe('unknown');
    expect(await remakes(space, frame.address)).toBe('unknown');
  });

  it('where they had no say, because they refused or were not asked, everybody comes to the same frame', async () => {
    const [one, other] = await sides();
    const refused = await merge(one, other, accepting('p@1', false));
    expect(mergeOf(refused.frame)?.syntax).toBeNull();
    expect((await merge(one, other)).address).toBe(refused.address);
    for (const syntax of [undefined, accepting('p@1', false), accepting('p@1')]) {
      expect(await remakes(space, refused.address, syntax)).toBe('same');
    }
  });

  it('a merge that says something else than comes out of it is found', async () => {
    const common = await next(genesis, { a: 1, b: 1 });
    const [one, other] = [await next(common, { a: 2, b: 1 }), await next(common, { a: 1, b: 2 })];
    const { frame } = await merge(one, other);
    const facts = mergeOf(frame)!;
    const remade = async (data: ValueMap, said = facts) =>
      remakes(space, (await put(await appendMerge(one, other, { data, merge: said }))).address);
    expect(await remade({ a: 2, b: 2 })).toBe('same');
    expect(await remade({ a: 2, b: 1 })).toBe('other');
    expect(await remade({ a: 2, b: 2 }, { ...facts, base: [genesis.address] })).toBe('other');
    expect(await remade({ a: 2, b: 2 }, { ...facts, algorithm: 'cd-push/merge/1' })).toBe('unknown');
    expect(await remakes(space, one.address)).toBe('other');
  });
});

describe('whatever the fields are', () => {
  const scalar = fc.oneof(fc.nat(3), fc.constantFrom('x', 'a\nb\nc\n', 'A\nb\nc\n', null));
  const value: fc.Arbitrary<Value> = fc.oneof(
    { weight: 4, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(fc.nat(2), { maxLength: 2 }) },
    {
      weight: 2,
      arbitrary: fc.dictionary(fc.constantFrom('a', 'b', 'text'), scalar, {
        maxKeys: 3,
        noNullPrototype: true,
      }),
    },
  );
  const fields: fc.Arbitrary<ValueMap> = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'text'), value, {
    maxKeys: 4,
    noNullPrototype: true,
  });

  it('both ways lead to one frame that is right by itself and can be made again', async () => {
    await fc.assert(
      fc.asyncProperty(fields, fields, fields, async (base, ours, theirs) => {
        const common = await next(genesis, base);
        const [one, other] = [await next(common, ours), await next(common, theirs)];
        const merged = await merge(one, other);
        if (merged.objects.length > 0) expect(await remakes(space, merged.address)).toBe('same');
      }),
      { ...seeded, numRuns: 200 },
    );
  });

  it('merges of merges end in one frame, in whatever order three come together', async () => {
    await fc.assert(
      fc.asyncProperty(fields, fields, fields, fields, async (base, a, b, c) => {
        const common = await next(genesis, base);
        const tips = [await next(common, a), await next(common, b), await next(common, c)];
        const [one, other, third] = tips as [FrameObject, FrameObject, FrameObject];
        const left = (await merge((await merge(one, other)).frame, third)).frame;
        const right = (await merge(one, (await merge(other, third)).frame)).frame;
        const end = (await merge(left, right)).frame;
        for (const tip of tips) expect((await merge(end, tip)).address).toBe(end.address);
        // No side of three is lost: a field that only one has changed is as that one has it.
        for (const key of ['b', 'c']) {
          const changed = [a, b, c].filter((data) => JSON.stringify(data[key]) !== JSON.stringify(base[key]));
          if (changed.length === 1) expect(end.frame.data[key]).toEqual(changed[0]?.[key]);
        }
      }),
      { ...seeded, numRuns: 100 },
    );
  });
});
