import { ProblemError } from '@cd-push/protocol';
import {
  append,
  makeConstant,
  makeGenesis,
  MemorySpace,
  type FrameObject,
  type ValueMap,
} from '@cd-push/timeline';
import { describe, expect, it } from 'vitest';

import { syncBounds } from '../src/sync/sync-bounds.ts';
import { tenant } from './support/memory-authority.ts';
import { SyncWorld, type Line } from './support/sync-world.ts';

const mine = { tenant, environment: 'development', resource: '/shop/till.js' };

/** A timeline of one frame, at some spaces. */
const begin = async (data: ValueMap, ...spaces: MemorySpace[]): Promise<FrameObject> => {
  const genesis = await makeGenesis(data);
  for (const space of spaces) {
    space.commit({
      objects: [genesis],
      swaps: [{ timeline: genesis.address, from: undefined, to: genesis.address }],
    });
  }
  return genesis;
};

const edit = async (from: FrameObject, data: ValueMap, space: MemorySpace): Promise<FrameObject> => {
  const frame = await append(from, { data });
  const swaps = [{ timeline: frame.timeline, from: from.address, to: frame.address }];
  space.commit({ objects: [frame], swaps });
  return frame;
};

const endOf = (done: Promise<unknown>): Promise<string> =>
  done.then(
    () => 'synced',
    (error: unknown) => {
      if (error instanceof ProblemError) return error.problem.kind;
      throw error;
    },
  );

const syncing = async (
  line: Line,
  space: MemorySpace,
  wanted: Parameters<Awaited<ReturnType<Line['session']>>['sync']>[0],
) => endOf((await line.session(space)).sync(wanted).done);

describe('[SYNC-20] a relay lets a session see and change what its grants cover, in its tenant', () => {
  const elsewhere: readonly [string, ValueMap][] = [
    ['of another tenant', { ...mine, tenant: 'other' }],
    ['of another environment', { ...mine, environment: 'production' }],
    ['of a module that no grant covers', { ...mine, resource: '/bank/vault.js' }],
    ['of a module whose name begins the same', { ...mine, resource: '/shopping/list.js' }],
    ['of another module’s manifest', { tenant, environment: 'development', module: 'bank' }],
    ['that says nothing of the kind', { hello: 'world' }],
    ['whose members are of other types', { ...mine, tenant: [tenant] }],
  ];

  it.each(elsewhere)('does not take a timeline %s', async (_title, data) => {
    const world = await SyncWorld.create();
    const space = new MemorySpace();
    const { address } = await begin(data, space);
    expect(await syncing(await world.connect(), space, { timelines: [address] })).toBe('forbidden');
    expect([world.space.size, world.desk.counts]).toEqual([0, { lines: 0, sagas: 0, bytes: 0, openings: 0 }]);
  });

  it.each(elsewhere)('does not show a timeline %s', async (_title, data) => {
    const world = await SyncWorld.create();
    const { address } = await begin(data, world.space);
    const space = new MemorySpace();
    expect(await syncing(await world.connect(), space, { timelines: [address] })).toBe('forbidden');
    expect(space.size).toBe(0);
  });

  it('does not show what a timeline that it may see relates to and it may not', async () => {
    const world = await SyncWorld.create();
    const vault = await begin({ ...mine, resource: '/bank/vault.js' }, world.space);
    const till = await makeGenesis(mine, { uses: [vault.address] });
    world.space.commit({
      objects: [till],
      swaps: [{ timeline: till.address, from: undefined, to: till.address }],
    });
    const space = new MemorySpace();
    expect(await syncing(await world.connect(), space, { timelines: [till.address] })).toBe('forbidden');
    expect(space.size).toBe(0);
  });

  it('nor what an earlier frame of it relates to, and its latest one does not', async () => {
    const world = await SyncWorld.create();
    const vault = await begin({ ...mine, resource: '/bank/vault.js' }, world.space);
    const till = await makeGenesis(mine, { uses: [vault.address] });
    const later = await append(till, { data: {} });
    world.space.commit({
      objects: [till, later],
      swaps: [{ timeline: till.address, from: undefined, to: later.address }],
    });
    const space = new MemorySpace();
    expect(await syncing(await world.connect(), space, { timelines: [till.address] })).toBe('forbidden');
    expect(space.size).toBe(0);
  });

  it.each([
    ['takes', mine, 'synced'],
    ['does not take', { ...mine, resource: '/bank/rate' }, 'forbidden'],
  ] as const)('%s a constant as its data says', async (_title, data, end) => {
    const world = await SyncWorld.create();
    const space = new MemorySpace();
    const constant = await makeConstant(data);
    space.commit({ objects: [constant], swaps: [] });
    expect(
      await syncing(await world.connect(), space, { timelines: [], constants: [constant.address] }),
    ).toBe(end);
    expect(world.space.get(constant.address) !== undefined).toBe(end === 'synced');
  });

  it('an observer sees all of its tenant, and changes nothing', async () => {
    const world = await SyncWorld.create();
    const vault = await begin({ ...mine, resource: '/bank/vault.js' }, world.space);
    const space = new MemorySpace();
    const observer = { roles: ['observer'], grants: [] } as const;
    expect(await syncing(await world.connect(observer), space, { timelines: [vault.address] })).toBe(
      'synced',
    );
    await edit(vault, { x: 1 }, space);
    expect(await syncing(await world.connect(observer), space, { timelines: [vault.address] })).toBe(
      'forbidden',
    );
    expect(world.space.tip(vault.address)).toBe(vault.address);
  });

  it('a session whose identity keeps it from synchronising does not', async () => {
    const world = await SyncWorld.create();
    const space = new MemorySpace();
    const till = await begin(mine, space);
    const line = await world.connect({ scope: { verbs: ['connect', 'push'] } });
    expect(await syncing(line, space, { timelines: [till.address] })).toBe('forbidden');
    expect(line.cuts).toEqual(['unproven']);
  });

  it('neither does a runtime that has opened no session for it, nor an existing client without an identity', async () => {
    const world = await SyncWorld.create();
    const space = new MemorySpace();
    const till = await begin(mine, space);
    const line = await world.connect();
    const { session } = line.peer;
    if (session.kind !== 'user') throw new Error('A user was expected.');
    line.peer.session = { ...session, acting: undefined };
    expect(await syncing(line, space, { timelines: [till.address] })).toBe('forbidden');
    const other = await world.connect();
    other.peer.session = world.authority.runtime().session;
    other.peer.keystone = undefined;
    expect(await syncing(other, space, { timelines: [till.address] })).toBe('forbidden');
    expect(world.space.size).toBe(0);
  });

  it('a grant that is taken away in the middle of a saga ends it', async () => {
    const world = await SyncWorld.create();
    const space = new MemorySpace();
    const till = await begin(mine, space);
    const line = await world.connect();
    let turns = 0;
    const exchange = line.sync.exchange.bind(line.sync);
    line.sync.exchange = (turn, signal) => {
      turns += 1;
      const { session } = line.peer;
      if (turns === 2 && session.kind === 'user') line.peer.session = { ...session, grants: [] };
      return exchange(turn, signal);
    };
    expect(await syncing(line, space, { timelines: [till.address] })).toBe('forbidden');
    expect([turns, world.space.size]).toEqual([2, 0]);
  });
});

describe('[SYNC-21] what synchronising takes at a relay is bounded', () => {
  /** A saga that has said its first words and then nothing. */
  const halted = async (world: SyncWorld, line: Line, name: string) => {
    const space = new MemorySpace();
    const till = await begin({ ...mine, resource: `/shop/${name}` }, space);
    const { promise, resolve } = Promise.withResolvers<void>();
    const exchange = line.sync.exchange.bind(line.sync);
    let turns = 0;
    line.sync.exchange = async (turn, signal) => {
      turns += 1;
      if (turns === 1) return exchange(turn, signal);
      resolve();
      return new Promise((_answer, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    };
    const session = await line.session(space);
    const end = endOf(session.sync({ timelines: [till.address] }).done);
    await Promise.race([promise, end]);
    return { end, session };
  };

  it('sagas of one identity at a time, over all of its connections', async () => {
    const world = await SyncWorld.create({ ...syncBounds, sagasPerPayer: 2 });
    const first = await world.authority.developer();
    const more = { kept: first.kept, user: first.session };
    const open = [];
    for (const name of ['a', 'b']) open.push(await halted(world, await world.connect(more), name));
    expect(world.desk.counts.sagas).toBe(2);
    const line = await world.connect(more);
    expect(await (await halted(world, line, 'c')).end).toBe('rate-limited');
    // Somebody else's are others.
    open.push(await halted(world, await world.connect(), 'd'));
    expect(world.desk.counts.sagas).toBe(3);
    for (const { session } of open) session.disconnect();
    expect(await Promise.all(open.map(({ end }) => end))).toEqual(Array(3).fill('unavailable'));
    expect(world.desk.counts).toEqual({ lines: 0, sagas: 0, bytes: 0, openings: 0 });
    expect(world.clock.timers).toBe(0);
  });

  it('bytes that wait to be committed', async () => {
    const world = await SyncWorld.create({ ...syncBounds, bytesPerPayer: 100_000 });
    const space = new MemorySpace();
    let till = await begin(mine, space);
    for (let n = 0; n < 30; n += 1) till = await edit(till, { text: `${n}`.repeat(5_000) }, space);
    expect(await syncing(await world.connect(), space, { timelines: [till.timeline] })).toBe('rate-limited');
    expect([world.space.size, world.desk.counts]).toEqual([0, { lines: 0, sagas: 0, bytes: 0, openings: 0 }]);
  });

  it.each([
    ['nothing is heard of', syncBounds.idleMs],
    ['takes too long in all', syncBounds.deadlineMs],
  ])('a saga that %s is let go, and its connection cut', async (_title, ms) => {
    const world = await SyncWorld.create({
      ...syncBounds,
      idleMs: ms === syncBounds.idleMs ? ms : 2 * syncBounds.deadlineMs,
    });
    const line = await world.connect();
    const { session } = await halted(world, line, 'a');
    world.clock.advance(ms - 1);
    expect([line.cuts, world.desk.counts.sagas]).toEqual([[], 1]);
    world.clock.advance(1);
    expect([line.cuts, world.desk.counts]).toEqual([
      ['unproven'],
      { lines: 0, sagas: 0, bytes: 0, openings: 0 },
    ]);
    expect(world.clock.timers).toBe(0);
    session.disconnect();
  });

  it('a connection that is gone leaves nothing, whatever was under way on it', async () => {
    const world = await SyncWorld.create();
    const line = await world.connect();
    const { session } = await halted(world, line, 'a');
    expect([world.desk.counts.sagas, world.clock.timers]).toEqual([1, 2]);
    world.desk.leave(line.peer);
    world.desk.leave(line.peer);
    expect([world.desk.counts, world.clock.timers]).toEqual([
      { lines: 0, sagas: 0, bytes: 0, openings: 0 },
      0,
    ]);
    session.disconnect();
  });

  it('a session that is kept open holds no saga between two of them', async () => {
    const world = await SyncWorld.create();
    const space = new MemorySpace();
    const till = await begin(mine, space);
    const line = await world.connect();
    const session = await line.session(space, { isKeptOpen: true });
    for (let n = 0; n < 3; n += 1) {
      expect(await endOf(session.sync({ timelines: [till.address] }).done)).toBe('synced');
      expect([world.desk.counts, world.clock.timers]).toEqual([
        { lines: 1, sagas: 0, bytes: 0, openings: 0 },
        0,
      ]);
    }
    session.disconnect();
    expect(world.desk.counts.lines).toBe(0);
  });
});

describe('[SYNC-22] a turn that a relay cannot believe', () => {
  it('ends the connection, and no other turn is heard on it', async () => {
    const world = await SyncWorld.create();
    const space = new MemorySpace();
    const till = await begin(mine, space);
    const line = await world.connect();
    const exchange = line.sync.exchange.bind(line.sync);
    line.sync.exchange = (turn, signal) =>
      exchange({ ...turn, context: { ...turn.context, saga: 'B'.repeat(22) } }, signal);
    expect(await syncing(line, space, { timelines: [till.address] })).toBe('bad-identity');
    expect([line.cuts, world.desk.counts.lines]).toEqual([['unproven'], 0]);
    // Whoever begins again at the same place would fork its session.
    line.sync.exchange = exchange;
    expect(await syncing(line, space, { timelines: [till.address] })).toBe('unavailable');
    expect(world.space.size).toBe(0);
  });

  it('is told what is wrong where it is no turn at all, with the place', async () => {
    const world = await SyncWorld.create();
    const { peer } = await world.connect();
    for (const payload of [undefined, null, 'turn', {}, { context: { kind: 'cd-push/sync/1' } }]) {
      const taken = await world.desk.turn(payload, peer);
      expect(taken).toMatchObject({ outcome: 'refused', problem: { kind: 'invalid-request' } });
    }
    expect(world.desk.counts).toEqual({ lines: 0, sagas: 0, bytes: 0, openings: 0 });
  });
});
