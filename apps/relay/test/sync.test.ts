import type { Answer, AuditRow, GetAuditAnswer, SyncRequest, SyncTurn } from '@cd-push/protocol';
import { openSqliteJournal, type JournalStore } from '@cd-push/store';
import {
  append,
  closure,
  contextControl,
  identityControl,
  loadFrame,
  linkTo,
  makeConstant,
  makeGenesis,
  MemorySpace,
  SagaTurns,
  sessionControl,
  SignedTurns,
  storedBlob,
  storedObject,
  utf8,
  type Address,
  type FrameObject,
  type Heard,
  type Space,
  type ValueMap,
} from '@cd-push/timeline';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Client } from './support/clients.ts';
import { tenant } from './support/memory-authority.ts';
import { Stack } from './support/stack.ts';
import { partsFor, syncOver } from './support/sync-client.ts';

let stack: Stack;
let store: JournalStore;

beforeEach(async () => {
  store = await openSqliteJournal(':memory:', { node: 'one' });
  stack = await Stack.start({ journal: store });
});

const origin = { tenant, environment: 'development', resource: '/shop/till.js' };

const save = async (space: Space, timeline: Address | undefined, data: ValueMap): Promise<FrameObject> => {
  const genesis = await makeGenesis(origin);
  const from = timeline === undefined ? undefined : await space.tip(timeline);
  const parent = from === undefined ? genesis : await loadFrame(space, from);
  const frame = await append(parent, { data: { ...(parent.height > 0 ? parent.frame.data : {}), ...data } });
  const objects = from === undefined ? [genesis, frame] : [frame];
  const swaps = [{ timeline: genesis.address, from, to: frame.address }];
  const commit = await space.commit({
    objects: objects.map(({ address, bytes }) => ({ address, bytes })),
    swaps,
  });
  expect(commit.outcome).toBe('committed');
  return frame;
};

const graphOf = async (space: Space, root: Address): Promise<string[]> => {
  const addresses: string[] = [];
  const controls = [identityControl, sessionControl, contextControl];
  for await (const { address } of closure(space, [root], { controls })) addresses.push(address);
  return addresses.toSorted();
};

/** Hears everything that goes over a client's socket. */
const traffic = (client: Client) => {
  const heard = { messages: 0, bytes: 0 };
  const { engine } = client.socket.io;
  engine.on('packetCreate', ({ type, data }: { readonly type: string; readonly data?: string }) => {
    if (type !== 'message') return;
    heard.messages += 1;
    heard.bytes += Buffer.byteLength(data ?? '');
  });
  engine.on('message', (data: string) => {
    heard.messages += 1;
    heard.bytes += Buffer.byteLength(data);
  });
  return heard;
};

describe('[SYNC-23] over a relay', () => {
  it('two developers who edit one file at once come to the same frame, with the edits of both', async () => {
    const [ada, bob] = [new MemorySpace(), new MemorySpace()];
    const sync = async (space: MemorySpace) => {
      const { client } = await stack.sender();
      const session = await syncOver(client, space);
      return session.sync({ timelines: [timeline] }).done;
    };
    const { timeline } = await save(ada, undefined, { x: 1, y: 1 });
    expect(await sync(ada)).toMatchObject({ sent: { objects: 2 }, received: { objects: 0 } });
    expect(await sync(bob)).toMatchObject({ sent: { objects: 0 }, received: { objects: 2 } });

    await save(ada, timeline, { x: 2 });
    await save(bob, timeline, { y: 2 });
    await sync(ada);
    expect(await sync(bob)).toMatchObject({ sent: { objects: 2 }, received: { objects: 1 } });
    expect(await sync(ada)).toMatchObject({ sent: { objects: 0 }, received: { objects: 2 } });

    const tips = [ada.tip(timeline), bob.tip(timeline), await store.space(tenant).tip(timeline)];
    expect(new Set(tips).size).toBe(1);
    expect((await loadFrame(ada, tips[0]!)).frame.data).toEqual({ x: 2, y: 2 });
    expect(await sync(bob)).toMatchObject({ turns: 2, sent: { objects: 0 }, received: { objects: 0 } });
  });

  it('equality takes two messages and at most 1 KB on the socket', async () => {
    const space = new MemorySpace();
    const { timeline } = await save(space, undefined, { x: 1 });
    const { client } = await stack.sender();
    await (await syncOver(client, space)).sync({ timelines: [timeline] }).done;
    const { client: another } = await stack.sender();
    const session = await syncOver(another, space, { isKeptOpen: true });
    const heard = traffic(another);
    await session.sync({ timelines: [timeline] }).done;
    expect(heard.messages).toBe(2);
    expect(heard.bytes).toBeLessThanOrEqual(1024);
    session.disconnect();
  });

  it('the relay’s space has every frame and context of both sessions, as the developer’s has', async () => {
    const space = new MemorySpace();
    const { timeline } = await save(space, undefined, { x: 1 });
    const { client } = await stack.sender();
    await (await syncOver(client, space)).sync({ timelines: [timeline] }).done;
    const kept = store.space(tenant);
    const session = client.proven!.turn.session.address;
    expect(await kept.has([session])).toEqual(new Set([session]));
    const everything = [...(await graphOf(space, space.tip(timeline)!))];
    expect(await graphOf(kept, (await kept.tip(timeline))!)).toEqual(everything);
    // S0 to S3 of the developer, S0 to S2 of the relay, four contexts; they are objects like any others, and no tips.
    expect(space.size).toBe(everything.length + 4 + 3 + 4);
    expect(await kept.tips(undefined, 10)).toEqual([{ timeline, tip: space.tip(timeline) }]);
  });

  it('what cannot be believed is answered, and then the connection is cut', async () => {
    const space = new MemorySpace();
    const { timeline } = await save(space, undefined, { x: 1 });
    const { client } = await stack.sender();
    const alter = (turn: SyncTurn): SyncTurn => ({
      ...turn,
      context: { ...turn.context, turn: 0, saga: 'A'.repeat(22) },
    });
    const session = await syncOver(client, space, { alter });
    client.socket.io.opts.reconnection = false;
    await expect(session.sync({ timelines: [timeline] }).done).rejects.toMatchObject({
      problem: { kind: 'bad-identity' },
    });
    await client.closed;
    expect(await store.space(tenant).tip(timeline)).toBeUndefined();
  });

  it('a session that was ended at the api synchronises no more', async () => {
    const space = new MemorySpace();
    const { timeline } = await save(space, undefined, { x: 1 });
    const { client, login } = await stack.sender();
    const session = await syncOver(client, space, { isKeptOpen: true });
    await session.sync({ timelines: [timeline] }).done;
    stack.authority.revoke(login.session);
    expect(await client.closed).toMatchObject({ code: 4006 });
    client.socket.disconnect();
    session.disconnect();
  });

  it('more than a thousand frames and a large file go both ways, in many turns', async () => {
    const [ada, bob] = [new MemorySpace(), new MemorySpace()];
    const { timeline } = await save(ada, undefined, { x: 0 });
    for (let x = 1; x < 1_200; x += 1) await save(ada, timeline, { x });
    await save(ada, timeline, { text: 'ä line of text\n'.repeat(40_000) });
    for (const space of [ada, bob]) {
      const { client } = await stack.sender();
      await (await syncOver(client, space)).sync({ timelines: [timeline] }).done;
    }
    expect(bob.tip(timeline)).toBe(ada.tip(timeline));
    expect(await graphOf(bob, bob.tip(timeline)!)).toHaveLength(1_202);
  });

  it('a thousand first turns that fail leave the relay as it was', async () => {
    const space = new MemorySpace();
    const { timeline } = await save(space, undefined, { x: 1 });
    const alter = (turn: SyncTurn): SyncTurn => ({
      ...turn,
      signature: `${turn.signature.slice(0, -4)}AAAA`,
    });
    let ended = 0;
    for (let n = 0; n < 1_000; n += 20) {
      const clients = await Promise.all(Array.from({ length: 20 }, () => stack.sender()));
      const sagas = clients.map(async ({ client }) => {
        const session = await syncOver(client, space, { alter });
        await expect(session.sync({ timelines: [timeline] }).done).rejects.toThrow();
        await client.closed;
        ended += 1;
      });
      await Promise.all(sagas);
    }
    expect(ended).toBe(1_000);
    const sockets = () => process.getActiveResourcesInfo().filter((type) => type === 'TCPSocketWrap');
    await expect.poll(sockets).toEqual([]);
    const { client } = await stack.sender();
    await (await syncOver(client, space)).sync({ timelines: [timeline] }).done;
    expect(await store.space(tenant).tip(timeline)).toBe(space.tip(timeline));
  }, 180_000);
});

describe('[SYNC-20] what a session may not', () => {
  it('whoever may synchronise and not push moves no tip', async () => {
    const own = new MemorySpace();
    const { timeline } = await save(own, undefined, { text: 'one' });
    const { client } = await stack.sender();
    await (await syncOver(client, own)).sync({ timelines: [timeline] }).done;
    const before = await store.space(tenant).tip(timeline);

    const { client: reader } = await stack.sender({ scope: { verbs: ['connect', 'sync'] } });
    const space = new MemorySpace();
    const session = await syncOver(reader, space, { isKeptOpen: true });
    await session.sync({ timelines: [timeline] }).done;
    expect(space.tip(timeline)).toBe(before);
    await save(space, timeline, { text: 'evil' });
    await expect(session.sync({ timelines: [timeline] }).done).rejects.toMatchObject({
      problem: { kind: 'forbidden' },
    });
    expect(await store.space(tenant).tip(timeline)).toBe(before);
  });

  it('a timeline leads to nothing that its writer may not see: knowing an address is not having the bytes', async () => {
    const secret = await storedBlob('a secret of the vault');
    const vault = new MemorySpace();
    vault.commit({ objects: [secret], swaps: [] });
    const hidden = await makeGenesis({ tenant, environment: 'development', resource: '/vault/keys.js' });
    const kept = await append(hidden, { data: { source: linkTo(secret.address) } });
    vault.commit({
      objects: [hidden, kept],
      swaps: [{ timeline: hidden.address, from: undefined, to: kept.address }],
    });
    const owner = await stack.sender({ grants: [{ prefix: '/vault', environments: ['*'] }] });
    await (await syncOver(owner.client, vault)).sync({ timelines: [hidden.address] }).done;

    // The one who knows the address says that it has the bytes, and has others.
    const thief = new MemorySpace();
    const shop = { grants: [{ prefix: '/shop', environments: ['*'] }] };
    const frame = await save(thief, undefined, { source: linkTo(secret.address) });
    thief.commit({ objects: [{ address: secret.address, bytes: utf8('a guess') }], swaps: [] });
    const { client } = await stack.sender(shop);
    await expect(
      (await syncOver(client, thief)).sync({ timelines: [frame.timeline] }).done,
    ).rejects.toMatchObject({ problem: { kind: expect.stringMatching(/^(?:missing|bad)-object$/u) } });

    const fresh = new MemorySpace();
    const { client: again } = await stack.sender(shop);
    await (await syncOver(again, fresh)).sync({ timelines: [frame.timeline] }).done;
    expect(fresh.get(secret.address)).toBeUndefined();
  });
});

describe('[SYNC-30] what sagas move is audited', () => {
  const rowsOf = async (admin: Client): Promise<AuditRow[]> => {
    const answer = await admin.ask<Answer<GetAuditAnswer>>('get-audit', {});
    if (!answer.status) throw new Error(answer.error.title);
    return answer.rows.map((row) => JSON.parse(row) as AuditRow);
  };
  const sagasIn = (rows: readonly AuditRow[]) => rows.filter(({ event }) => event === 'synced');

  it('by whom, which files, and from where to where; a saga that moves nothing is not', async () => {
    const { client: admin } = await stack.sender({ roles: ['admin'], grants: [] });
    const space = new MemorySpace();
    const { timeline, address: first } = await save(space, undefined, { x: 1 });
    const { client, login } = await stack.sender();
    const session = await syncOver(client, space, { isKeptOpen: true });
    await session.sync({ timelines: [timeline] }).done;
    await session.sync({ timelines: [timeline] }).done;
    const { address: second } = await save(space, timeline, { x: 2 });
    await session.sync({ timelines: [timeline] }).done;
    const { subject, id } = login.session;
    const row = {
      event: 'synced',
      who: { subject, session: id },
      outcome: 'ok',
      resources: [origin.resource],
    };
    expect(sagasIn(await rowsOf(admin))).toMatchObject([
      { ...row, targets: [`${timeline} - ${first}`] },
      { ...row, targets: [`${timeline} ${first} ${second}`] },
    ]);
    session.disconnect();
  });

  it('what is refused is, with its kind and its place', async () => {
    const { client: admin } = await stack.sender({ roles: ['admin'], grants: [] });
    const space = new MemorySpace();
    const { timeline } = await save(space, undefined, { x: 1 });
    const { client, login } = await stack.sender({ grants: [] });
    await expect((await syncOver(client, space)).sync({ timelines: [timeline] }).done).rejects.toMatchObject({
      problem: { kind: 'forbidden' },
    });
    const { subject, id } = login.session;
    await expect
      .poll(async () => (await rowsOf(admin)).filter(({ event }) => event === 'refused'))
      .toMatchObject([{ who: { subject, session: id }, outcome: 'forbidden' }]);
    expect(sagasIn(await rowsOf(admin))).toEqual([]);
  });

  it('of a tip that has moved meanwhile there is one row, of the attempt that was made', async () => {
    const { client: admin } = await stack.sender({ roles: ['admin'], grants: [] });
    const [ada, bob] = [new MemorySpace(), new MemorySpace()];
    const { timeline } = await save(ada, undefined, { x: 1, y: 1 });
    await (await syncOver((await stack.sender()).client, ada)).sync({ timelines: [timeline] }).done;
    await (await syncOver((await stack.sender()).client, bob)).sync({ timelines: [timeline] }).done;
    await save(ada, timeline, { x: 2 });
    await save(bob, timeline, { y: 2 });
    const both = await Promise.all(
      [ada, bob].map(
        async (space) =>
          (await syncOver((await stack.sender()).client, space)).sync({ timelines: [timeline] }).done,
      ),
    );
    expect(both).toHaveLength(2);
    const moves = sagasIn(await rowsOf(admin)).flatMap(({ targets = [] }) => targets);
    const steps = moves.map((move) => move.split(' '));
    // Each begins where the one before has ended.
    for (const [index, [, from]] of steps.entries())
      expect(from).toBe(index === 0 ? '-' : steps[index - 1]?.[2]);
    expect(steps.at(-1)?.[2]).toBe(await store.space(tenant).tip(timeline));
  });
});

describe('[SYNC-31] what nothing that is offered leads to is not kept', () => {
  const brought = async (says: SyncRequest, cargo: Heard['cargo']) => {
    const space = new MemorySpace();
    const { address } = await save(space, undefined, { x: 1 });
    const { client } = await stack.sender();
    const { peer, signing } = await partsFor(client);
    const turns = new SagaTurns(peer, new SignedTurns(signing), new AbortController().signal, 10);
    const scope = { timelines: [{ timeline: address, tip: null }], constants: [] };
    const digest = `sha256-${'A'.repeat(43)}`;
    await turns.exchange({ stage: 'init', strategy: 'merge', digest, scope }, [], ['ack']);
    const saga = turns.exchange(says, cargo, ['delta', 'committed']);
    return { saga, turns };
  };

  it('a blob, a frame and a constant that come with a commit', async () => {
    const genesis = await makeGenesis(origin);
    const frame = await append(genesis, { data: { x: 1 } });
    const strays = [
      await storedBlob('a stray'),
      await append(genesis, { data: { stray: true } }),
      await makeConstant({ ...origin, stray: true }),
    ];
    for (const stray of strays) {
      const cargo = [genesis, frame, stray].map((object) => ({ type: 'object' as const, object }));
      const swaps = [{ timeline: genesis.address, from: null, to: frame.address }];
      const { saga } = await brought({ stage: 'commit', swaps }, cargo);
      await expect(saga).rejects.toMatchObject({ problem: { kind: 'bad-object', resource: stray.address } });
      expect(await store.space(tenant).has([genesis.address, frame.address, stray.address])).toEqual(
        new Set(),
      );
    }
  });

  it('a commit that moves nothing keeps nothing of what came', async () => {
    const stray = await storedBlob('a stray');
    const { saga } = await brought({ stage: 'commit', swaps: [] }, [{ type: 'object', object: stray }]);
    await expect(saga).rejects.toMatchObject({ problem: { kind: 'bad-object' } });
    expect(await store.space(tenant).has([stray.address])).toEqual(new Set());
  });

  it('a list of names of which one is nowhere', async () => {
    const nowhere = await Promise.all([1, 2].map(async (n) => (await makeGenesis({ ...origin, n })).address));
    const { client } = await stack.sender();
    const session = await syncOver(client, new MemorySpace(), { isKeptOpen: true });
    const timelines = nowhere.toSorted();
    await session.sync({ timelines }).done;
    const selection = await storedObject({ kind: 'cd-push/selection/1', timelines, constants: [] });
    expect(await store.space(tenant).has([selection.address])).toEqual(new Set());
    session.disconnect();
  });
});
