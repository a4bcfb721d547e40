import { describe, expect, test } from 'vitest';

import {
  append,
  appendMerge,
  closure,
  linkTo,
  makeGenesis,
  mergeAlgorithm,
  mergeBases,
  mergeFault,
  mergeFrames,
  MemorySpace,
  Quarantine,
  storedBlob,
  type Address,
  type FrameObject,
  type StoredObject,
} from '../../src/index.ts';
import { connection } from './support/memory-pair.ts';

/** A history in which two sides part and come together again and again; `made` says what each merge is. */
const zigzag = async (
  merges: number,
  textOf: (n: number, side: string) => string,
  made: (source: MemorySpace, n: number, one: FrameObject, other: FrameObject) => Promise<Address>,
) => {
  const space = new MemorySpace();
  const keep = (...objects: readonly StoredObject[]): void => void space.commit({ objects, swaps: [] });
  const genesis = await makeGenesis({ name: 'zigzag' });
  const first = await storedBlob(textOf(-1, 'both'));
  let last = await append(genesis, { data: { source: linkTo(first.address) } });
  keep(genesis, first, last);
  for (let n = 0; n < merges; n += 1) {
    const sides: FrameObject[] = [];
    for (const side of ['one', 'other']) {
      const blob = await storedBlob(textOf(n, side));
      const frame = await append(last, { data: { source: linkTo(blob.address), [side]: n } });
      keep(blob, frame);
      sides.push(frame);
    }
    const merged = await made(space, n, sides[0]!, sides[1]!);
    const { timeline, height } = sides[0]!;
    // What they could not settle is written anew.
    const ref = { address: merged, timeline, height: height + 1 };
    last = await append(ref, { data: { source: linkTo(first.address) } });
    keep(last);
  }
  const tip = last.address;
  space.commit({ objects: [], swaps: [{ timeline: genesis.address, from: undefined, to: tip }] });
  return { space, timeline: genesis.address, tip };
};

const honest = async (space: MemorySpace, _n: number, one: FrameObject, other: FrameObject) => {
  const { address, objects } = await mergeFrames(space, one.address, other.address);
  space.commit({ objects, swaps: [] });
  return address;
};

/** Says that it was merged in the usual way, and has what one side had. */
const lying = async (space: MemorySpace, _n: number, one: FrameObject, other: FrameObject) => {
  const [graftbase, graftorphan] = [one.address, other.address];
  const base = await mergeBases(space, graftbase, graftorphan);
  const merge = { base, graftbase, graftorphan, algorithm: mergeAlgorithm, syntax: null };
  const frame = await appendMerge(one, other, { data: one.frame.data, merge });
  space.commit({ objects: [frame], swaps: [] });
  return frame.address;
};

const lines = (n: number, side: string): string =>
  ['begin', side === 'one' ? `one ${n}` : '1', 'middle', side === 'other' ? `other ${n}` : '2', 'end'].join(
    '\n',
  );

/** The same around a line of four megabytes: each merge counts for a third of what a saga may take. */
const long = (n: number, side: string): string =>
  lines(n, side).replace('middle', 'x'.repeat(4 * 1024 * 1024));

/** Lines of which there are two kinds, in no order: nothing takes longer to compare. */
const tangled = (n: number, side: string): string => {
  let state = n * 7919 + side.length;
  return Array.from({ length: 4_000 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 31 === 0 ? 'a' : 'b';
  }).join('\n');
};

const sync = async (space: MemorySpace, timeline: Address) => {
  const other = new MemorySpace();
  const { session } = await connection({ space, other });
  const done = session.sync({ timelines: [timeline] }).done;
  return { other, done };
};

describe('[FRAME-10] merges that a saga brings', () => {
  test('are made again, however many there are', async () => {
    const { space, timeline, tip } = await zigzag(250, lines, honest);
    const { other, done } = await sync(space, timeline);
    expect(await done).toMatchObject({ timelines: [{ outcome: 'pushed' }] });
    expect(other.tip(timeline)).toBe(tip);
  });

  test('are refused where one of them, also the last of many, is not what it says', async () => {
    const lyingAtLast: typeof honest = (space, n, one, other) =>
      (n < 249 ? honest : lying)(space, n, one, other);
    const { space, timeline } = await zigzag(250, lines, lyingAtLast);
    const { other, done } = await sync(space, timeline);
    await expect(done).rejects.toMatchObject({ problem: { kind: 'bad-frame', path: '/merge' } });
    expect(other.tip(timeline)).toBeUndefined();
  });

  test('are refused as too large where they take too many steps, and not believed', async () => {
    const { space, timeline } = await zigzag(3, long, honest);
    const { other, done } = await sync(space, timeline);
    await expect(done).rejects.toMatchObject({ problem: { kind: 'too-large' } });
    expect(other.tip(timeline)).toBeUndefined();
  });

  test('cost no more than they are allowed to, and tell each step that they take', async () => {
    const { space, tip, timeline } = await zigzag(3, tangled, honest);
    const quarantine = new Quarantine(new MemorySpace());
    for await (const object of closure(space, [tip])) await quarantine.add([object]);
    const swaps = [{ timeline, from: undefined, to: tip }];
    let told = 0;
    const steps = (count: number): void => void (told += count);
    const check = (atMost: number) =>
      quarantine.check(swaps, (quarantined) => mergeFault(quarantined, { atMost, steps }));
    expect(await check(1_000_000_000)).toMatchObject({ ok: true });
    const needed = told;
    told = 0;
    expect(await check(needed - 1)).toMatchObject({ problem: { kind: 'too-large' } });
    expect(told).toBeLessThan(needed);
    expect(await check(needed)).toMatchObject({ ok: true });
  });
});
