import { epochMs, type PatchHead } from '@cd-push/protocol';
import {
  append,
  linkTo,
  loadFrame,
  makeGenesis,
  mergeBases,
  readAddress,
  spaceContract,
  storedBlob,
  walk,
  type FrameObject,
  type Space,
  type SpaceChange,
  type StoredObject,
} from '@cd-push/timeline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { AcceptedPush, Committed, JournalStore, Offer } from '../../src/index.ts';
import { accepted, commit, listed, offerOf, patch, settle, type OpenJournal } from './journal-samples.ts';

/** What every journal holds to about timelines. */
export const journalTimelinesContract = (open: OpenJournal): void => {
  describe('a space of a journal', () => {
    let journal: JournalStore;
    beforeEach(async () => (journal = await open()));
    afterEach(() => journal.close());

    test.each(spaceContract)('$title', async (rule) => {
      await expect(rule.run({ open: () => journal.space('acme') })).resolves.toBeUndefined();
    });

    test('a space is its tenant’s alone', async () => {
      const genesis = await makeGenesis({ n: 1 });
      const [acme, globex] = [journal.space('acme'), journal.space('globex')];
      await acme.commit({ objects: [genesis], swaps: [swapTo(genesis, undefined)] });
      expect(await globex.get(genesis.address)).toBeUndefined();
      expect(await globex.has([genesis.address])).toEqual(new Set());
      expect(await globex.tip(genesis.address)).toBeUndefined();
      expect(await globex.tips(undefined, 10)).toEqual([]);
      expect(await globex.commit({ objects: [genesis], swaps: [swapTo(genesis, undefined)] })).toEqual({
        outcome: 'committed',
      });
    });

    test('rows of the audit are written in the commit that they tell of, and none where it is not made', async () => {
      const audited = journal.space('acme', ({ swaps }) => [
        {
          at: epochMs(1),
          event: 'synced',
          who: null,
          outcome: 'ok',
          targets: swaps.map(({ timeline }) => timeline),
        },
      ]);
      const genesis = await makeGenesis({ n: 1 });
      const change = { objects: [genesis], swaps: [swapTo(genesis, undefined)] };
      expect((await audited.commit(change)).outcome).toBe('committed');
      expect((await audited.commit(change)).outcome).toBe('moved');
      const rows = (await journal.audit.rows(undefined, 10)).filter((row) => row.includes('"synced"'));
      expect(rows).toHaveLength(1);
      expect(rows[0]).toContain(genesis.address);
    });

    test('histories are walked and compared in it', async () => {
      const space = journal.space('acme');
      const { frames, change } = await history(5);
      await space.commit(change);
      const [genesis, , , fork, tip] = frames;
      const other = await append(fork!, { data: { other: true } });
      await space.commit({ objects: [other], swaps: [] });
      const walked = [];
      for await (const frame of walk(space, [tip!.address])) walked.push(frame.address);
      expect(walked).toEqual(frames.map(({ address }) => address).toReversed());
      expect(await mergeBases(space, tip!.address, other.address)).toEqual([fork!.address]);
      expect((await loadFrame(space, genesis!.address)).height).toBe(0);
    });
  });

  describe('a push that brings history', () => {
    let journal: JournalStore;
    let space: Space;
    beforeEach(async () => {
      journal = await open();
      space = journal.space('acme');
    });
    afterEach(() => journal.close());

    test('is written with its objects and tips', async () => {
      const { change, frames } = await history(2);
      expect(await offer(journal, await pushOf('/shop/a', 1, frames[1]!, change))).toMatchObject([
        { outcome: 'appended' },
      ]);
      expect(await space.tip(frames[0]!.address)).toBe(frames[1]!.address);
      expect(await space.has(frames.map(({ address }) => address))).toHaveProperty('size', 2);
    });

    test('is a misfit where the tip is another one by then, and leaves nothing behind', async () => {
      const { change, frames } = await history(2);
      const [genesis, tip] = frames;
      await space.commit(change);
      await offer(journal, offerOf(accepted([await patchOf('/shop/b', 7, null)])));
      const late = await append(genesis!, { data: { late: true } });
      const { digest } = await patchOf('/shop/b', 7, null);
      const patches = [await patchOf('/shop/a', 1, null), await patchOf('/shop/b', 8, digest)];
      const push = withFrames(patches, [null, late], changeOf([late], genesis));
      expect(await offer(journal, push)).toMatchObject([
        { outcome: 'misfit', misfit: { index: 1, patch: patches[1], current: { version: 7, digest } } },
      ]);
      expect(await space.tip(genesis!.address)).toBe(tip!.address);
      expect(await space.get(late.address)).toBeUndefined();
      expect(await journal.find('acme', push.push.pushGuid)).toBeUndefined();
    });

    test('of two in one group that follow one tip, the first is taken, and the next one after it', async () => {
      const { change, frames } = await history(1);
      const [genesis] = frames;
      await space.commit(change);
      const [mine, theirs] = [
        await append(genesis!, { data: { mine: true } }),
        await append(genesis!, { data: { theirs: true } }),
      ];
      const next = await append(mine, { data: { next: true } });
      const taken = await offer(
        journal,
        await pushOf('/shop/a', 1, mine, changeOf([mine], genesis)),
        await pushOf('/shop/b', 1, theirs, changeOf([theirs], genesis)),
        await pushOf('/shop/c', 1, next, changeOf([next], mine)),
      );
      expect(taken).toMatchObject([{ outcome: 'appended' }, { outcome: 'misfit' }, { outcome: 'appended' }]);
      expect(await space.tip(genesis!.address)).toBe(next.address);
      expect(await space.has([mine, theirs, next].map(({ address }) => address))).toEqual(
        new Set([mine.address, next.address]),
      );
    });

    test('that is a misfit for its heads leaves nothing of its history', async () => {
      const { change, frames } = await history(2);
      await offer(journal, offerOf(accepted([await patchOf('/shop/a', 5, null)])));
      expect(await offer(journal, await pushOf('/shop/a', 1, frames[1]!, change))).toMatchObject([
        { outcome: 'misfit' },
      ]);
      expect(await space.tips(undefined, 10)).toEqual([]);
      expect(await space.has(frames.map(({ address }) => address))).toEqual(new Set());
    });

    test('need not bring the blob that is its content, which stays for as long as there are timelines', async () => {
      for (const [n, content] of ['one', 'ünïcödé \ud800 𝄞', Uint8Array.from([0, 255, 1])].entries()) {
        const resource = `/shop/${n}`;
        const { push, blob, frame } = await pushWithSource(resource, content);
        expect(await offer(journal, push)).toMatchObject([{ outcome: 'appended' }]);
        expect(await space.get(blob.address)).toEqual(blob.bytes);
        expect(await space.has([blob.address])).toEqual(new Set([blob.address]));

        await offer(journal, offerOf(accepted([patch(resource, 2, push.push.signed!.patches[0]!.digest)])));
        await settleAll(journal);
        await pruneAll(journal);
        expect(await journal.content('acme', push.push.signed!.patches[0]!.digest!)).toEqual(content);
        expect(await space.get(blob.address)).toEqual(blob.bytes);
        expect((await loadFrame(space, frame.address)).height).toBe(1);
      }
    });

    test('a blob that is committed while its bytes are a content is kept once, and outlasts the content', async () => {
      const { push, blob } = await pushWithSource('/shop/a', 'kept once');
      const { digest } = push.push.signed!.patches[0]!;
      await offer(journal, { ...push, history: undefined });
      expect(await space.has([blob.address])).toEqual(new Set());
      await space.commit({ objects: [blob], swaps: [] });
      expect(await space.get(blob.address)).toEqual(blob.bytes);
      await offer(journal, offerOf(accepted([patch('/shop/a', 2, digest)])));
      await settleAll(journal);
      await pruneAll(journal);
      expect(await space.get(blob.address)).toEqual(blob.bytes);
    });

    test('that refers to a content which nobody has stored is not written at all', async () => {
      const { push, blob, frame } = await pushWithSource('/shop/a', 'nowhere');
      await expect(offer(journal, { ...push, push: { ...push.push, contents: [] } })).rejects.toThrow(
        /no content that is stored/,
      );
      expect(await space.has([blob.address, frame.address])).toEqual(new Set());
      expect(await journal.find('acme', push.push.pushGuid)).toBeUndefined();
    });
  });
};

const swapTo = (frame: FrameObject, from: FrameObject | undefined) => ({
  timeline: frame.timeline,
  from: from?.address,
  to: frame.address,
});

const changeOf = (frames: readonly FrameObject[], from: FrameObject | undefined): SpaceChange => ({
  objects: frames,
  swaps: [swapTo(frames.at(-1)!, from)],
});

/** A timeline of so many frames, and what puts it into a space where there is nothing of it. */
const history = async (
  length: number,
): Promise<{ readonly frames: readonly FrameObject[]; readonly change: SpaceChange }> => {
  const frames: FrameObject[] = [await makeGenesis({ resource: crypto.randomUUID() })];
  while (frames.length < length) frames.push(await append(frames.at(-1)!, { data: { n: frames.length } }));
  return { frames, change: changeOf(frames, undefined) };
};

const offer = async (journal: JournalStore, ...offers: readonly Offer[]): Promise<Committed['offers']> =>
  (await commit(journal, { offers })).offers;

const withFrames = (
  patches: readonly PatchHead[],
  frames: readonly (FrameObject | null)[],
  change: SpaceChange,
): Offer => ({
  ...offerOf(accepted(patches, { frames: frames.map((frame) => frame && refOf(frame)) })),
  history: change,
});

const digestIn = ({ address }: StoredObject): string => readAddress(address)!.digest;

/** As in the samples, but with digests that are some. */
const patchOf = async (resource: string, version: number, predecessor: string | null): Promise<PatchHead> =>
  patch(resource, version, predecessor, { digest: digestIn(await storedBlob(`${resource}@${version}`)) });

const refOf = ({ address, timeline, height }: FrameObject): NonNullable<AcceptedPush['frames'][number]> => ({
  address,
  timeline,
  height,
});

const pushOf = async (
  resource: string,
  version: number,
  frame: FrameObject,
  change: SpaceChange,
): Promise<Offer> => withFrames([await patchOf(resource, version, null)], [frame], change);

/** A push whose frame has the pushed content itself as its source, which is not among the objects. */
const pushWithSource = async (
  resource: string,
  content: string | Uint8Array,
): Promise<{ readonly push: Offer; readonly blob: StoredObject; readonly frame: FrameObject }> => {
  const blob = await storedBlob(content);
  const genesis = await makeGenesis({ resource });
  const frame = await append(genesis, { data: { resource, source: linkTo(blob.address) } });
  const digest = digestIn(blob);
  const push = accepted([patch(resource, 1, null, { digest })], {
    contents: [{ digest, body: content }],
    frames: [refOf(frame)],
  });
  return {
    blob,
    frame,
    push: { ...offerOf(push), history: changeOf([genesis, frame], undefined) },
  };
};

const settleAll = async (journal: JournalStore): Promise<void> => {
  for (const push of await listed(journal, { tenant: 'acme', open: true, limit: 100 }))
    await settle(journal, push);
};

const farAhead = epochMs(Number.MAX_SAFE_INTEGER);

/** Lets go of everything that may be let go of; contents are, once it is known of them for long enough. */
const pruneAll = async (journal: JournalStore): Promise<void> => {
  const retention = {
    pushesBefore: farAhead,
    versions: 0,
    statementsBefore: farAhead,
    auditBefore: epochMs(0),
    editsBefore: epochMs(0),
    contentsBefore: farAhead,
  };
  for (const _ of [1, 2]) await journal.prune(retention);
};
