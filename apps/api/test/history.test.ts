import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { epochMs, freshCommTrack, type PatchHead } from '@cd-push/protocol';
import {
  openPostgresJournal,
  openSqliteJournal,
  type HistoryReader,
  type JournalStore,
  type Offer,
} from '@cd-push/store';
import { databaseUrl, hasPostgres, newSchema } from '@cd-push/testing';
import { digestOf, nextFrame, readAddress, storedBlob, type Address, type FrameRef } from '@cd-push/timeline';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';

import { admin, everything, startTestApi, type TestApi } from './support/test-api.ts';

const resource = '/shop/src/cart.ts';
const place = { tenant: 'default', environment: 'development' };
const ofCart = `environment=development&resource=${encodeURIComponent(resource)}`;

/** Pushes one save as a relay journals it. */
const save = async (
  journal: JournalStore,
  source: string,
  version: number,
  before?: { readonly ref: FrameRef; readonly digest: string },
) => {
  const digest = await digestOf(`made of ${source}`);
  const blob = await storedBlob(source);
  const change = { resource, componentType: 'module', change: 'put', digest } as const;
  const { ref, objects } = await nextFrame({
    origin: { ...place, resource },
    patch: change,
    source: blob.address,
    parent: before?.ref,
  });
  const patch: PatchHead = {
    ...change,
    version,
    predecessor: before?.digest ?? null,
    bytes: 1,
    frame: ref.address,
  };
  const pushGuid = crypto.randomUUID();
  const offer: Offer = {
    push: {
      ...place,
      pushGuid,
      digest: await digestOf(pushGuid),
      carries: 'patch',
      trigger: 'cli',
      emits: 'apply-runtime-patch',
      sender: { subject: 'user-1', session: 'session-1' },
      initTime: epochMs(1_000),
      acceptedAt: epochMs(1_000),
      deliverBy: epochMs(2_000),
      signed: { statement: 's', certificate: 'c', session: 'session-1', patches: [patch] },
      recipients: [],
      frames: [ref],
      contents: [{ digest, body: `made of ${source}` }],
      envelope: {
        pushData: {
          pushGuid,
          pushRecepients: [],
          triggerEvent: 'cli',
          emittEvent: 'apply-runtime-patch',
          statement: 's',
          certificate: 'c',
          acceptance: 'a',
          relayCertificate: 'r',
          commTrack: freshCommTrack(1_000),
        },
        req: null,
        resp: null,
      },
    },
    history: {
      objects: [blob, ...objects],
      swaps: [{ timeline: ref.timeline, from: before?.ref.address, to: ref.address }],
    },
    audit: { at: epochMs(1_000), event: 'accepted', who: null, outcome: 'ok' },
  };
  const none = { moves: [], presence: [], departed: [], gone: [], policies: [], audit: [] };
  const committed = await journal.commit({ ...none, offers: [offer] });
  expect(committed.offers).toMatchObject([{ outcome: 'appended' }]);
  return { ref, digest, blob };
};

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;
/** Finalizers run in a turn of their own. */
const collectGarbage = async (): Promise<void> => {
  gc();
  await new Promise(setImmediate);
};

type Saved = Awaited<ReturnType<typeof save>>;

const isPostgresThere = await hasPostgres();

describe('history over HTTP', () => {
  let api: TestApi;
  let token: string;
  let saves: Saved[];

  const begin = async (journal: JournalStore): Promise<void> => {
    const first = await save(journal, 'one', 10);
    const second = await save(journal, 'two', 20, first);
    saves = [first, second, await save(journal, 'three', 30, second)];
  };
  const get = (path: string, as = token) => api.call('GET', path, { token: as });

  beforeEach(async () => {
    const journal = await openSqliteJournal(':memory:', { node: 'relay-1' });
    onTestFinished(() => journal.close());
    await begin(journal);
    api = await startTestApi({ history: () => journal });
    ({ token } = await api.login());
  });

  test('versions come the latest first, with what was signed and by whom', async () => {
    const { body } = await get(`/history/versions?${ofCart}`);
    expect(body.versions).toMatchObject([
      { version: 30, digest: saves[2]!.digest, predecessor: saves[1]!.digest, frame: saves[2]!.ref.address },
      { version: 20, sender: 'user-1', session: 'session-1', change: 'put' },
      { version: 10, predecessor: null },
    ]);
    const earlier = await get(`/history/versions?${ofCart}&below=30&limit=1`);
    expect(earlier.body.versions).toMatchObject([{ version: 20 }]);
  });

  test('frames come children before parents, from the one in place or from an earlier one', async () => {
    const { body } = await get(`/history/frames?${ofCart}`);
    expect(body.isWhole).toBe(true);
    expect(body.frames.map(({ height }: { height: number }) => height)).toEqual([3, 2, 1, 0]);
    expect(body.frames[0]).toMatchObject({
      ...saves[2]!.ref,
      parents: [saves[1]!.ref.address],
      data: { resource },
    });
    const part = await get(`/history/frames?${ofCart}&from=${saves[1]!.ref.address}&limit=1`);
    expect(part.body).toMatchObject({ frames: [{ height: 2 }], isWhole: false });
  });

  test('the graph of a frame is all that it needs, and each object of it is given out', async () => {
    const { body } = await get(`/history/graph?${ofCart}&from=${saves[0]!.ref.address}`);
    expect(body.objects.map(({ type }: { type: string }) => type).toSorted()).toEqual([
      'blob',
      'frame',
      'frame',
    ]);
    const blob = saves[0]!.blob.address;
    const answer = await fetch(`${api.url}/history/objects/${blob}?${ofCart}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await answer.text()).toBe('one');
    expect(readAddress(blob)?.digest).toBe(await digestOf('one'));
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment',
      'x-content-type-options': 'nosniff',
    });
  });

  test.each(['versions', 'frames', 'graph'])(
    'whoever may not push the file is told of its %s what is told of a file that never was',
    async (part) => {
      const grants = [{ prefix: '/shop/server', environments: ['*'] }];
      const bob = { userName: 'bob', password: 'another battery staple' };
      await api.call('POST', '/users', { token, body: { ...bob, roles: ['developer'], grants } });
      const { token: other } = await api.login(bob);
      const refused = await get(`/history/${part}?${ofCart}`, other);
      const nothing = await get(`/history/${part}?environment=development&resource=/shop/none.ts`);
      expect(refused.status).toBe(404);
      expect(refused.body).toEqual(nothing.body);
    },
  );

  test('a session that its identity has narrowed sees no more than it may push', async () => {
    const bob = { userName: 'bob', password: 'another battery staple' };
    await api.call('POST', '/users', { token, body: { ...bob, roles: ['developer'], grants: everything } });
    const { kept } = await api.login(bob);
    const wide = await api.open(kept);
    expect((await get(`/history/versions?${ofCart}`, wide.token)).status).toBe(200);
    const narrow = await api.open(wide.kept, { grants: [{ prefix: '/other', environments: ['*'] }] });
    expect((await get(`/history/versions?${ofCart}`, narrow.token)).status).toBe(404);
  });

  test.each(['admin', 'observer'])('nor does one of an %s, who else sees everything', async (role) => {
    const { kept } = await api.join('eve', [role]);
    const whole = await api.open(kept);
    const narrow = [{ prefix: '/other', environments: ['*'] }];
    const narrowed = await api.open(whole.kept, { grants: narrow });
    expect((await get(`/history/versions?${ofCart}`, whole.token)).status).toBe(200);
    expect((await get(`/history/versions?${ofCart}`, narrowed.token)).status).toBe(404);
  });

  test('an object of another file’s history, an unknown address and none at all are no objects of this one', async () => {
    const stray = await storedBlob('never pushed');
    const [first, second, ...rest] = saves[0]!.ref.address.slice(20);
    const other = `${saves[0]!.ref.address.slice(0, 20)}${second}${first}${rest.join('')}`;
    for (const [address, status] of [
      [stray.address, 404],
      [other, 404],
      ['../../users', 400],
      ['x', 400],
    ] as const) {
      const answer = await get(`/history/objects/${encodeURIComponent(address)}?${ofCart}`);
      expect({ address, status: answer.status }).toEqual({ address, status });
    }
    expect((await get(`/history/frames?${ofCart}&from=${stray.address}`)).status).toBe(404);
    expect((await get('/history/frames?environment=development')).status).toBe(400);
    expect((await get(`/history/versions?${ofCart}&below=-1`)).status).toBe(400);
  });

  test('a file is found without reading the others, and a graph holds one of them at a time', async () => {
    const journal = await openSqliteJournal(':memory:', { node: 'relay-1' });
    onTestFinished(() => journal.close());
    let before: Saved | undefined;
    for (let version = 1; version <= 30; version += 1)
      before = await save(journal, `${version}`.repeat(500_000), version, before);
    const read: string[] = [];
    let held = 0;
    const freed = new FinalizationRegistry<undefined>(() => (held -= 1));
    const reader: HistoryReader = {
      heads: (...asked) => journal.heads(...asked),
      versions: (...asked) => journal.versions(...asked),
      space: (tenant) => {
        const space = journal.space(tenant);
        const counted = async (address: Address): Promise<Uint8Array | undefined> => {
          const bytes = await space.get(address);
          if (readAddress(address)?.codec !== 'raw' || bytes === undefined) return bytes;
          read.push(address);
          held += 1;
          freed.register(bytes, undefined);
          await collectGarbage();
          most = Math.max(most, held);
          return bytes;
        };
        return {
          get: counted,
          has: (addresses) => space.has(addresses),
          tip: (timeline) => space.tip(timeline),
          tips: (after, limit) => space.tips(after, limit),
        };
      },
    };
    let most = 0;
    const other = await startTestApi({ history: () => reader });
    const { token: own } = await other.login();
    const { address } = await storedBlob('1'.repeat(500_000));
    const found = await fetch(`${other.url}/history/objects/${address}?${ofCart}`, {
      headers: { authorization: `Bearer ${own}` },
    });
    expect((await found.text()).length).toBe(500_000);
    expect(read).toEqual([address]);
    const { body } = await other.call('GET', `/history/graph?${ofCart}`, { token: own });
    expect(body.objects.filter(({ type }: { type: string }) => type === 'blob')).toHaveLength(30);
    expect(most).toBeLessThan(10);
  });

  test('nobody reads without a session', async () => {
    expect((await api.call('GET', `/history/versions?${ofCart}`)).status).toBe(401);
  });

  test('an api that reads no journal says so, and what to set', async () => {
    const alone = await startTestApi();
    const { token: own } = await alone.login(admin);
    const { status, body } = await alone.call('GET', `/history/versions?${ofCart}`, { token: own });
    expect({ status, kind: body.kind }).toEqual({ status: 503, kind: 'unavailable' });
    expect(body.detail).toContain('CD_PUSH_JOURNAL_URL');
  });

  describe.runIf(isPostgresThere)('of relays that share a database', () => {
    test('is read beside them', async () => {
      const shared = { url: databaseUrl, schema: newSchema() };
      const journal = await openPostgresJournal({ ...shared, node: 'relay-1' });
      onTestFinished(() => journal.close());
      await begin(journal);
      api = await startTestApi({ history: shared });
      ({ token } = await api.login());
      expect((await get(`/history/versions?${ofCart}`)).body.versions).toHaveLength(3);
      expect((await get(`/history/graph?${ofCart}`)).body.objects).toHaveLength(7);
    });
  });
});
