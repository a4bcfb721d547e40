import { epochMs, type PatchHead } from '@cd-push/protocol';
import { databaseUrl, hasPostgres, newSchema } from '@cd-push/testing';
import {
  append,
  loadFrame,
  makeGenesis,
  readAddress,
  spaceContract,
  storedBlob,
  type FrameObject,
  type Space,
} from '@cd-push/timeline';
import { Client } from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';

import { openPostgresJournal, type AcceptedPush, type JournalStore } from '../src/index.ts';
import {
  accepted,
  append as appendPush,
  commit,
  offerOf,
  patch,
  settle,
} from './contract/journal-samples.ts';
import { CuttingProxy } from './cutting-proxy.ts';

const isThere = await hasPostgres();

const openOn = async (schema: string, node: string, url = databaseUrl): Promise<JournalStore> => {
  const journal = await openPostgresJournal({ url, schema, node });
  onTestFinished(() => journal.close());
  return journal;
};

/** Journals of three processes on one schema. */
const openThree = async (): Promise<readonly [JournalStore, JournalStore, JournalStore]> => {
  const schema = newSchema();
  return [await openOn(schema, 'relay-1'), await openOn(schema, 'relay-2'), await openOn(schema, 'relay-3')];
};

const settleAppended = async (journal: JournalStore, push: AcceptedPush): Promise<void> => {
  await settle(journal, await appendPush(journal, push));
};

const swapOf = (to: FrameObject, from?: FrameObject) => ({
  timeline: to.timeline,
  from: from?.address,
  to: to.address,
});

describe.runIf(isThere)('timelines that several processes share', () => {
  test.each(spaceContract)('$title', { timeout: 60_000 }, async (rule) => {
    const journals = await openThree();
    let next = 0;
    const open = (): Space => journals[next++ % journals.length]!.space('acme');
    await expect(rule.run({ open })).resolves.toBeUndefined();
  });

  test(
    'of pushes and others that follow one tip at a time one does, in every round',
    { timeout: 60_000 },
    async () => {
      const journals = await openThree();
      const [one] = journals;
      const genesis = await makeGenesis({ name: 'alpha' });
      await one.space('acme').commit({ objects: [genesis], swaps: [swapOf(genesis)] });
      let tip: FrameObject = genesis;
      for (let round = 0; round < 12; round++) {
        const pushed = await Promise.all(
          journals.map(async (journal, index) => {
            const frame = await append(tip, { data: { round, push: index } });
            const { address, timeline, height } = frame;
            const push = accepted([await patchOf(`/shop/${round}/${index}`)], {
              frames: [{ address, timeline, height }],
            });
            const history = { objects: [frame], swaps: [swapOf(frame, tip)] };
            return { frame, take: () => commit(journal, { offers: [{ ...offerOf(push), history }] }) };
          }),
        );
        const others = await Promise.all(
          journals.map(async (journal, index) => {
            const frame = await append(tip, { data: { round, other: index } });
            const change = { objects: [frame], swaps: [swapOf(frame, tip)] };
            return { frame, take: async () => journal.space('acme').commit(change) };
          }),
        );
        const [taken, committed] = await Promise.all([
          Promise.all(pushed.map(({ take }) => take())),
          Promise.all(others.map(({ take }) => take())),
        ]);
        const winners = [
          ...pushed.filter((_, index) => taken[index]!.offers[0]!.outcome === 'appended'),
          ...others.filter((_, index) => committed[index]!.outcome === 'committed'),
        ];
        expect(winners).toHaveLength(1);
        const space = journals[round % 3]!.space('acme');
        expect(await space.tip(genesis.address)).toBe(winners[0]!.frame.address);
        const kept = await space.has([...pushed, ...others].map(({ frame }) => frame.address));
        expect([...kept]).toEqual([winners[0]!.frame.address]);
        tip = winners[0]!.frame;
      }
      const height = (await loadFrame(one.space('acme'), tip.address)).height;
      expect(height).toBe(12);
    },
  );

  test('a content that another process is just letting go of is not relied upon', async () => {
    const schema = newSchema();
    const proxy = await CuttingProxy.before(databaseUrl);
    const pruning = await openOn(schema, 'relay-pruning', proxy.url);
    const journal = await openOn(schema, 'relay-other');
    const space = journal.space('acme');
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    onTestFinished(() => client.end());

    const blob = await storedBlob('source');
    const { digest } = readAddress(blob.address)!;
    const named = accepted([patch('/shop/a', 1, null, { digest })], {
      contents: [{ digest, body: 'source' }],
    });
    for (const push of [named, accepted([patch('/shop/a', 2, digest)])]) await settleAppended(journal, push);
    // The push goes, and with it what names the content.
    await pruning.prune(retention(0));

    const deleted = proxy.next('delete from "contents"', 'held');
    const pruned = pruning.prune(retention(Number.MAX_SAFE_INTEGER));
    await deleted;
    const committing = proxy.next('commit', 'held');
    proxy.release();
    await committing;
    const answered = { yet: false };
    const committed = (async () => space.commit({ objects: [blob], swaps: [] }))().finally(
      () => (answered.yet = true),
    );
    const isWaiting = async (): Promise<boolean> => {
      const { rowCount } = await client.query(
        `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%"journal"%for update%'`,
      );
      return rowCount === 1;
    };
    while (!answered.yet && !(await isWaiting()));
    proxy.release();
    await pruned;
    expect(await committed).toEqual({ outcome: 'committed' });
    expect(await journal.stored('acme', [digest])).toEqual(new Map());
    expect(await space.get(blob.address)).toEqual(blob.bytes);
  });
});

const patchOf = async (resource: string): Promise<PatchHead> => {
  const { digest } = readAddress((await storedBlob(resource)).address)!;
  return patch(resource, 1, null, { digest });
};

const farAhead = epochMs(Number.MAX_SAFE_INTEGER);
const retention = (contentsBefore: number) => ({
  pushesBefore: farAhead,
  versions: 0,
  statementsBefore: farAhead,
  auditBefore: epochMs(0),
  contentsBefore: epochMs(contentsBefore),
  editsBefore: farAhead,
});
