import { problemOf, type TimelineObject } from '@cd-push/protocol';
import { openPostgresJournal, openSqliteJournal, type JournalStore } from '@cd-push/store';
import { databaseUrl, hasPostgres, newSchema } from '@cd-push/testing';
import {
  append,
  appendMerge,
  dataOf,
  digestOf,
  linkTo,
  makeConstant,
  makeGenesis,
  mergeAlgorithm,
  mergeFrames,
  MemorySpace,
  nextFrame,
  storedBlob,
  type Address,
  type FrameRef,
  type StoredObject,
} from '@cd-push/timeline';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import type { Client } from './support/clients.ts';
import { patchPush, type SignedPush } from './support/envelopes.ts';
import { tenant, type SigningLogin } from './support/memory-authority.ts';
import { Stack } from './support/stack.ts';

const resource = '/shop/src/cart.ts';

const stores: [string, () => Promise<JournalStore>][] = [
  ['SQLite', () => openSqliteJournal(':memory:', { node: crypto.randomUUID() })],
  ...((await hasPostgres())
    ? [
        [
          'PostgreSQL',
          () => openPostgresJournal({ url: databaseUrl, schema: newSchema(), node: crypto.randomUUID() }),
        ] satisfies [string, () => Promise<JournalStore>],
      ]
    : []),
];

/** Lines of few kinds in no order: nothing takes longer to compare. */
const tangled = (seed: number): string => {
  let state = seed;
  return Array.from({ length: 4_000 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return `${state >>> 25}`;
  }).join('\n');
};

/** As an object of a push says it. */
const sent = async ({ address, bytes }: StoredObject): Promise<TimelineObject> => {
  const text = new TextDecoder().decode(bytes);
  return (await storedBlob(text)).address === address ? { text } : { json: text };
};

describe.each(stores)('what a push brings to a journal on %s', (_name, open) => {
  let journal: JournalStore;
  let client: Client;
  let login: SigningLogin;
  /** What the sender has of the file's history. */
  let space: MemorySpace;
  beforeEach(async () => {
    journal = await open();
    // Once the relay is closed, which leaves open what it was given open.
    onTestFinished(() => journal.close());
    const stack = await Stack.start({ journal });
    await stack.runtime();
    ({ client, login } = await stack.sender());
    space = new MemorySpace();
  });

  const saved = async (source: string, parent?: FrameRef) => {
    const blob = await storedBlob(source);
    const digest = await digestOf(`made of ${source}`);
    const patch = { resource, componentType: 'module', change: 'put', digest } as const;
    const origin = { tenant, environment: 'development', resource };
    const { ref, objects } = await nextFrame({ origin, patch, source: blob.address, parent });
    space.commit({ objects: [blob, ...objects], swaps: [] });
    return { ref, objects: [blob, ...objects], text: `made of ${source}` };
  };
  const pushOf = async (
    ref: FrameRef,
    text: string,
    before: string | undefined,
    objects: readonly StoredObject[],
  ): Promise<SignedPush> =>
    patchPush(
      login,
      [
        {
          resource,
          text,
          predecessor: before === undefined ? null : await digestOf(before),
          head: { frame: ref.address },
        },
      ],
      { pushData: { history: await Promise.all(objects.map(sent)) } },
    );
  const push = async (...args: Parameters<typeof pushOf>): Promise<unknown> =>
    client.push((await pushOf(...args)).envelope);

  describe('[FRAME-11] and that nothing refers to', () => {
    it.each([
      ['a blob', async () => [await storedBlob('nobody’s')]],
      ['a constant', async () => [await makeConstant({ tenant, n: 1 })]],
      [
        'another timeline',
        async () => {
          const genesis = await makeGenesis({ tenant, environment: 'development', resource: '/shop/b.ts' });
          return [genesis, await append(genesis, { data: { n: 1 } })];
        },
      ],
      [
        'a frame that the tip does not descend from',
        async () => {
          const one = await saved('one');
          return [await append(one.ref, { data: { resource, n: 1 } })];
        },
      ],
    ] satisfies [string, () => Promise<StoredObject[]>][])(
      'is refused with all that came, and not kept: %s',
      async (_what, surplus) => {
        const { ref, objects, text } = await saved('one');
        const more = await surplus();
        expect(await push(ref, text, undefined, [...objects, ...more])).toMatchObject({
          error: { kind: 'bad-object', path: expect.stringContaining('/pushData/history') },
        });
        const addresses = [...objects, ...more].map(({ address }) => address);
        expect(await journal.space(tenant).has(addresses)).toEqual(new Set());
        expect(await push(ref, text, undefined, objects)).toMatchObject({ status: true });
      },
    );
  });

  describe('[FRAME-10] and says to be a merge', () => {
    /** Two saves of the same file upon one, of which the first is in place. */
    const parted = async (ours: string, theirs: string, both = 'a\nb\nc\nd\ne\n') => {
      const first = await saved(both);
      expect(await push(first.ref, first.text, undefined, first.objects)).toMatchObject({ status: true });
      const one = await saved(theirs, first.ref);
      expect(await push(one.ref, one.text, first.text, one.objects)).toMatchObject({ status: true });
      return { first, one, other: await saved(ours, first.ref) };
    };
    /** What is pushed of a merge that was made: a frame of its own upon it. */
    const deploy = async (
      merged: Address,
      height: number,
      timeline: Address,
      source: Address,
    ): Promise<{ readonly ref: FrameRef; readonly object: StoredObject; readonly text: string }> => {
      const text = 'made of both';
      const patch = {
        resource,
        componentType: 'module',
        change: 'put',
        digest: await digestOf(text),
      } as const;
      const data = dataOf(patch, source);
      const frame = await append({ address: merged, timeline, height }, { data });
      return { ref: { address: frame.address, timeline, height: height + 1 }, object: frame, text };
    };

    it('is made again, and taken where it is what it says', async () => {
      const { one, other } = await parted('a\nb\nc\nd\nE\n', 'A\nb\nc\nd\ne\n');
      const merge = await mergeFrames(space, other.ref.address, one.ref.address);
      const both = await storedBlob('A\nb\nc\nd\nE\n');
      const next = await deploy(merge.address, one.ref.height + 1, one.ref.timeline, both.address);
      const objects = [...other.objects, ...merge.objects, next.object];
      expect(await push(next.ref, next.text, one.text, objects)).toMatchObject({ status: true });
    });

    it('is refused where it is not: what the other side did is not dropped in silence', async () => {
      const { first, one, other } = await parted('a\nb\nc\nd\nE\n', 'A\nb\nc\nd\ne\n');
      const merged = await appendMerge(other.ref, one.ref, {
        data: dataOf(
          {
            resource,
            componentType: 'module',
            change: 'put',
            digest: await digestOf(other.text),
          },
          other.objects[0]!.address,
        ),
        merge: {
          base: [first.ref.address],
          graftbase: one.ref.address,
          graftorphan: other.ref.address,
          algorithm: mergeAlgorithm,
          syntax: null,
        },
      });
      const ref = { address: merged.address, timeline: merged.timeline, height: merged.height };
      expect(await push(ref, other.text, one.text, [...other.objects, merged])).toMatchObject({
        error: problemOf('bad-frame', {
          path: '/pushData/history/merge',
          resource: merged.address,
          detail: 'Its parents merge to something else.',
        }),
      });
      expect(await journal.space(tenant).has([merged.address])).toEqual(new Set());
    });

    it('is refused as too large where that takes too long, and is not believed', async () => {
      const first = await saved(tangled(0));
      expect(await push(first.ref, first.text, undefined, first.objects)).toMatchObject({ status: true });
      const brought: StoredObject[] = [];
      const keep = (objects: readonly StoredObject[]): void => {
        brought.push(...objects);
        space.commit({ objects, swaps: [] });
      };
      const upon = async (parent: FrameRef, source: string): Promise<FrameRef> => {
        const blob = await storedBlob(source);
        const frame = await append(parent, { data: { source: linkTo(blob.address) } });
        keep([blob, frame]);
        return frame;
      };
      let { ref } = first;
      for (let n = 1; n < 200; n += 3) {
        const sides = [await upon(ref, tangled(n)), await upon(ref, tangled(n + 1))] as const;
        const merge = await mergeFrames(space, sides[0].address, sides[1].address);
        keep(merge.objects);
        const { timeline, height } = sides[0];
        ref = await upon({ address: merge.address, timeline, height: height + 1 }, tangled(n + 2));
      }
      const { address: source } = await storedBlob(tangled(0));
      const next = await deploy(ref.address, ref.height, ref.timeline, source);
      expect(await push(next.ref, next.text, first.text, [...brought, next.object])).toMatchObject({
        error: { kind: 'too-large' },
      });
    });
  });
});
