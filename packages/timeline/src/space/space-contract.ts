import { append, makeGenesis } from '../frames/make-frame.ts';
import type { Address } from '../objects/address.ts';
import { storedBlob } from '../objects/canonical.ts';
import type { FrameObject } from '../objects/parsed-object.ts';
import type { Awaitable } from '../crypto/port.ts';
import type { Space, StoredObject, TipSwap } from './space.ts';

/** A fresh, empty place for objects. Each call of `open` stands for another user of the same one. */
export interface SpacePlace {
  open(): Awaitable<Space>;
}

/** One rule of the port. It throws where an adapter breaks it; it needs no test framework, so that it runs in pages too. */
export interface SpaceRule {
  readonly title: string;
  run(place: SpacePlace): Promise<void>;
}

/** What every space keeps to; a new adapter runs these. */
export const spaceContract: readonly SpaceRule[] = [
  {
    title: 'an empty space holds nothing',
    async run(place) {
      const space = await place.open();
      const { genesis } = await sample(0);
      same(await space.get(genesis.address), undefined, 'object');
      same([...(await space.has([genesis.address]))], [], 'what it has');
      same([...(await space.has([]))], [], 'what it has of nothing');
      same(await space.tip(genesis.address), undefined, 'tip');
      same(await space.tips(undefined, 10), [], 'tips');
    },
  },
  {
    title: 'what was put is there byte for byte, whatever its bytes and however many',
    async run(place) {
      const space = await place.open();
      const objects = await Promise.all([
        storedBlob(new Uint8Array(0)),
        storedBlob(Uint8Array.from({ length: 256 }, (_, byte) => byte)),
        storedBlob('a\u0000ü𝄞\u2028\r\n"\\\ufeff'),
        storedBlob('\ufeff'),
        storedBlob('ä'.repeat(1_500_000)),
        storedBlob(noise(300_000)),
        makeGenesis({ text: 'a\u0000ü𝄞\u2028\r\n"\\\ufeff' }),
      ]);
      same(await space.commit({ objects, swaps: [] }), { outcome: 'committed' }, 'outcome');
      for (const { address, bytes } of objects) sameBytes(await space.get(address), bytes);
    },
  },
  {
    title: 'of many addresses, those that are here are told',
    async run(place) {
      const space = await place.open();
      const blobs = await Promise.all(Array.from({ length: 1_500 }, (_, n) => storedBlob(`blob ${n}`)));
      const here = blobs.filter((_, n) => n % 3 === 0);
      await space.commit({ objects: here, swaps: [] });
      const found = await space.has(blobs.map(({ address }) => address));
      same([...found].toSorted(), here.map(({ address }) => address).toSorted(), 'what it has');
    },
  },
  {
    title: 'a tip begins where there is none, and moves from where it is',
    async run(place) {
      const space = await place.open();
      const { genesis, first, second } = await sample(1);
      await committed(space, [genesis, first], [swapOf(first, undefined)]);
      same(await space.tip(genesis.address), first.address, 'tip');
      await committed(space, [second], [swapOf(second, first)]);
      same(await space.tip(genesis.address), second.address, 'tip');
      same(await space.tips(undefined, 10), [{ timeline: genesis.address, tip: second.address }], 'tips');
    },
  },
  {
    title:
      'where a tip is another one than was expected, nothing of the change is kept, and what it is is told',
    async run(place) {
      const space = await place.open();
      const one = await sample(1);
      const other = await sample(2);
      await committed(space, [one.genesis, one.first], [swapOf(one.first, undefined)]);
      for (const wrong of [undefined, one.genesis, one.second]) {
        const commit = await space.commit({
          objects: [one.second, other.genesis, other.first],
          swaps: [swapOf(other.first, undefined), swapOf(one.second, wrong)],
        });
        same(
          commit,
          { outcome: 'moved', tips: [{ timeline: one.genesis.address, tip: one.first.address }] },
          'outcome',
        );
      }
      const late = await space.commit({ objects: [], swaps: [swapOf(other.second, other.first)] });
      same(
        late,
        { outcome: 'moved', tips: [{ timeline: other.genesis.address }] },
        'outcome of one that is new',
      );
      same(await space.get(one.second.address), undefined, 'an object of it');
      same(await space.get(other.first.address), undefined, 'an object of it');
      same(
        await space.tips(undefined, 10),
        [{ timeline: one.genesis.address, tip: one.first.address }],
        'tips',
      );
    },
  },
  {
    title: 'putting what is there, and moving a tip to where it is, changes nothing',
    async run(place) {
      const space = await place.open();
      const { genesis, first } = await sample(1);
      await committed(space, [genesis, first, genesis], [swapOf(first, undefined)]);
      await committed(space, [first, genesis], [swapOf(first, first)]);
      await committed(space, [], []);
      sameBytes(await space.get(first.address), first.bytes);
      same(await space.tips(undefined, 10), [{ timeline: genesis.address, tip: first.address }], 'tips');
    },
  },
  {
    title: 'many tips are moved in one commit, and told in the order of their timelines, a part at a time',
    async run(place) {
      const space = await place.open();
      const samples = await Promise.all(Array.from({ length: 1_100 }, (_, n) => sample(n)));
      await committed(
        space,
        samples.flatMap(({ genesis, first }) => [genesis, first]),
        samples.map(({ first }) => swapOf(first, undefined)),
      );
      const expected = samples
        .map(({ genesis, first }) => ({ timeline: genesis.address, tip: first.address }))
        .toSorted((a, b) => (a.timeline < b.timeline ? -1 : 1));
      const found = [];
      for (let after: Address | undefined; ;) {
        const part = await space.tips(after, 300);
        if (part.length > 300) throw new Error(`${part.length} tips were told at a time.`);
        found.push(...part);
        after = part.at(-1)?.timeline;
        if (after === undefined) break;
      }
      same(found, expected, 'tips');
    },
  },
  {
    title: 'of many who move one tip at a time, exactly one does, and nothing is kept of the others',
    async run(place) {
      const spaces = [await place.open(), await place.open(), await place.open()];
      const { genesis, first } = await sample(1);
      await committed(spaces[0] ?? (await place.open()), [genesis, first], [swapOf(first, undefined)]);
      const next = await Promise.all(
        Array.from({ length: 12 }, (_, n) => append(first, { data: { n, by: 'somebody' } })),
      );
      const commits = await Promise.all(
        next.map(async (frame, n) => {
          const space = spaces[n % spaces.length];
          return space?.commit({ objects: [frame], swaps: [swapOf(frame, first)] });
        }),
      );
      const winners = next.filter((_, n) => commits[n]?.outcome === 'committed');
      same(winners.length, 1, 'how many have moved it');
      for (const space of spaces) {
        same(await space.tip(genesis.address), winners[0]?.address, 'tip');
        const kept = await space.has(next.map(({ address }) => address));
        same([...kept], [winners[0]?.address], 'what is kept of them');
      }
    },
  },
  {
    title: 'of two who begin a timeline at a time, one does',
    async run(place) {
      const spaces = [await place.open(), await place.open()] as const;
      const { genesis, first } = await sample(1);
      const mine = await append(genesis, { data: { mine: true } });
      const commits = await Promise.all([
        spaces[0].commit({ objects: [genesis, first], swaps: [swapOf(first, undefined)] }),
        spaces[1].commit({ objects: [genesis, mine], swaps: [swapOf(mine, undefined)] }),
      ]);
      same(commits.map(({ outcome }) => outcome).toSorted(), ['committed', 'moved'], 'outcomes');
    },
  },
  {
    title: 'who moves different tips at a time does not disturb the others',
    async run(place) {
      const spaces = [await place.open(), await place.open()] as const;
      const samples = await Promise.all(Array.from({ length: 20 }, (_, n) => sample(n)));
      const commits = await Promise.all(
        samples.map(async ({ genesis, first }, n) =>
          spaces[n % 2 === 0 ? 0 : 1].commit({
            objects: [genesis, first],
            swaps: [swapOf(first, undefined)],
          }),
        ),
      );
      same(new Set(commits.map(({ outcome }) => outcome)).size, 1, 'outcomes');
      for (const { genesis, first } of samples) {
        same(await spaces[0].tip(genesis.address), first.address, 'tip');
        sameBytes(await spaces[1].get(first.address), first.bytes);
      }
    },
  },
];

interface Sample {
  readonly genesis: FrameObject;
  readonly first: FrameObject;
  readonly second: FrameObject;
}

/** The nth timeline, with two frames after its first. */
const sample = async (n: number): Promise<Sample> => {
  const genesis = await makeGenesis({ sample: n });
  const first = await append(genesis, { data: { text: 'first' } });
  const second = await append(first, { data: { text: 'second' } });
  return { genesis, first, second };
};

const swapOf = ({ timeline, address }: FrameObject, from: FrameObject | undefined): TipSwap => ({
  timeline,
  from: from?.address,
  to: address,
});

/** Bytes that hardly get smaller by compression; the same ones every time (a linear congruential generator). */
const noise = (length: number): Uint8Array => {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
};

const committed = async (
  space: Space,
  objects: readonly StoredObject[],
  swaps: readonly TipSwap[],
): Promise<void> => {
  same(await space.commit({ objects, swaps }), { outcome: 'committed' }, 'outcome');
};

const sameBytes = (found: Uint8Array | undefined, expected: Uint8Array): void => {
  if (found?.length !== expected.length || !expected.every((byte, at) => found[at] === byte)) {
    throw new Error(
      `The bytes that were found (${found?.length}) are not those that were put (${expected.length}).`,
    );
  }
};

const same = (found: unknown, expected: unknown, what: string): void => {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value) ?? 'undefined');
  if (a !== b) throw new Error(`${what}: found ${a?.slice(0, 2_000)}, expected ${b?.slice(0, 2_000)}`);
};
