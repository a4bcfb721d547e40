import { ProblemError, type RuntimeDelegation, type SyncRequest } from '@cd-push/protocol';
import {
  append,
  linkTo,
  makeConstant,
  makeGenesis,
  MemorySpace,
  SagaTurns,
  SignedTurns,
  storedBlob,
  type Address,
  type FrameObject,
  type Heard,
  type SyncWanted,
  type ValueMap,
} from '@cd-push/timeline';
import { describe, expect, it } from 'vitest';

import { syncBounds } from '../src/sync/sync-bounds.ts';
import { makeKey, tenant } from './support/memory-authority.ts';
import { answerOf, openingOf } from './support/runtime-opening.ts';
import { SyncWorld, type Line } from './support/sync-world.ts';

const ours = { tenant, environment: 'development', resource: '/shop/till.js' };
type Cargo = Heard['cargo'][number];
const nothing = { lines: 0, sagas: 0, bytes: 0, openings: 0 };

const put = (space: MemorySpace, frames: readonly FrameObject[]): void => {
  for (const frame of frames) {
    const { timeline, address: to } = frame;
    space.commit({ objects: [frame], swaps: [{ timeline, from: space.tip(timeline), to }] });
  }
};

/** A timeline of some frames, at some spaces. */
const history = async (data: ValueMap, frames: number, ...spaces: MemorySpace[]): Promise<FrameObject[]> => {
  let last: FrameObject = await makeGenesis(data);
  const made = [last];
  for (let n = 1; n < frames; n += 1) {
    last = await append(last, { data: { n } });
    made.push(last);
  }
  for (const space of spaces) put(space, made);
  return made;
};

const syncing = async (line: Line, space: MemorySpace, wanted: SyncWanted) =>
  (await line.session(space, { isKeptOpen: true })).sync(wanted).done;

const kindOf = (done: Promise<unknown>): Promise<string> =>
  done.then(
    () => 'synced',
    (error: unknown) => {
      if (error instanceof ProblemError) return error.problem.kind;
      throw error;
    },
  );

describe('[SYNC-24] a runtime synchronises by a session that its enrolled key stands behind', () => {
  it('and gets the history of what it runs, which the relay is no different for', async () => {
    const world = await SyncWorld.create();
    const [genesis, , tip] = await history(ours, 3, world.space);
    const before = world.space.size;
    const line = await world.readingRuntime();
    const space = new MemorySpace();
    const wanted = { timelines: [genesis!.address] };
    const pulled = await syncing(line, space, wanted);
    expect(pulled).toMatchObject({ received: { objects: 3 }, sent: { objects: 0 } });
    expect(space.tip(genesis!.address)).toBe(tip!.address);
    expect([world.space.size, line.cuts]).toEqual([before, []]);
  });

  const faults: readonly [string, Partial<RuntimeDelegation>, string][] = [
    ['of another runtime', { runtime: 'another' }, 'bad-identity'],
    ['of another tenant', { tenant: 'other' }, 'bad-identity'],
    ['of another session', { session: `b${'a'.repeat(58)}` }, 'bad-identity'],
    [
      'for more than it takes to synchronise',
      {
        scope: {
          verbs: ['connect', 'sync', 'push'],
          grants: [{ prefix: '/', environments: ['*'] }],
          expiresAt: Date.now() + 60_000,
        },
      },
      'forbidden',
    ],
    [
      'for longer than a day',
      { scope: { verbs: ['connect', 'sync'], grants: [], expiresAt: Date.now() + 48 * 3_600_000 } },
      'bad-identity',
    ],
  ];
  it.each(faults)('what it has signed %s is refused', async (_title, changes, kind) => {
    const world = await SyncWorld.create();
    const { peer, enrolled } = await world.runtime();
    if (peer.session.kind !== 'runtime') throw new Error('A runtime was expected.');
    const { message } = await openingOf(peer.session, enrolled, changes);
    expect(await world.desk.open(message, peer)).toMatchObject({ ok: false, problem: { kind } });
    expect(world.desk.counts).toEqual(nothing);
  });

  it('and so is what another key has signed, whatever the runtime says of itself', async () => {
    const world = await SyncWorld.create();
    const { peer } = await world.runtime();
    if (peer.session.kind !== 'runtime') throw new Error('A runtime was expected.');
    const { message } = await openingOf(peer.session, await makeKey());
    expect(await world.desk.open(message, peer)).toMatchObject({
      ok: false,
      problem: { kind: 'bad-identity', path: '/delegation' },
    });
  });

  it('a runtime whose key the api does not tell opens none, and neither does a person', async () => {
    const world = await SyncWorld.create();
    const { peer, enrolled } = await world.runtime();
    if (peer.session.kind !== 'runtime') throw new Error('A runtime was expected.');
    const { message } = await openingOf(peer.session, enrolled);
    peer.session = { ...peer.session, key: undefined };
    expect(await world.desk.open(message, peer)).toMatchObject({ problem: { kind: 'forbidden' } });
    const person = await world.connect();
    expect(await world.desk.open(message, person.peer)).toMatchObject({ problem: { kind: 'forbidden' } });
    expect(await world.desk.prove({}, person.peer)).toMatchObject({ problem: { kind: 'forbidden' } });
    expect(person.peer.keystone).toBeDefined();
  });
});

describe('[SYNC-25] it proves the session as people do', () => {
  const opened = async () => {
    const world = await SyncWorld.create();
    const { peer, cuts, enrolled } = await world.runtime();
    if (peer.session.kind !== 'runtime') throw new Error('A runtime was expected.');
    const { own, message } = await openingOf(peer.session, enrolled);
    const answer = await world.desk.open(message, peer);
    if (!answer.ok) throw new Error(answer.problem.detail);
    return { world, peer, cuts, enrolled, own, message, challenge: answer.value };
  };

  it('without the proof nothing is synchronised', async () => {
    const { world, peer } = await opened();
    expect(world.desk.counts.openings).toBe(1);
    const { proven } = await world.connect();
    const line = world.line(
      { token: '', session: peer.session },
      { keystone: undefined, proven, relay: world.relay },
    );
    const { address } = await makeGenesis(ours);
    expect(await kindOf(syncing(line, new MemorySpace(), { timelines: [address] }))).toBe('forbidden');
  });

  it('has one try, and goes on being pushed to if that fails', async () => {
    const { world, peer, cuts, own, challenge } = await opened();
    const { proof } = await answerOf(own, challenge, world.relay);
    const altered = { step: { ...proof.step, signature: `${proof.step.signature.slice(0, -4)}AAAA` } };
    expect(await world.desk.prove(altered, peer)).toMatchObject({ ok: false });
    expect(await world.desk.prove(proof, peer)).toMatchObject({ problem: { kind: 'challenge-failed' } });
    expect([cuts, peer.keystone, world.desk.counts, world.clock.timers]).toEqual([[], undefined, nothing, 0]);
  });

  it('has ten seconds for it', async () => {
    const { world, peer, own, challenge } = await opened();
    world.clock.advance(10_000);
    expect([world.desk.counts, world.clock.timers]).toEqual([nothing, 0]);
    const { proof } = await answerOf(own, challenge, world.relay);
    expect(await world.desk.prove(proof, peer)).toMatchObject({ problem: { kind: 'challenge-failed' } });
  });

  it('a session that was proven is used up, also for another connection of the same runtime', async () => {
    const { world, peer, own, message, challenge } = await opened();
    const { proof } = await answerOf(own, challenge, world.relay);
    expect(await world.desk.prove(proof, peer)).toMatchObject({ ok: true, value: { session: own.address } });
    expect(await world.desk.open(message, peer)).toMatchObject({ problem: { kind: 'challenge-failed' } });
    expect(await world.desk.prove(proof, peer)).toMatchObject({ problem: { kind: 'challenge-failed' } });
  });

  it('another session on the same connection takes the place of the one before', async () => {
    const world = await SyncWorld.create();
    const [genesis] = await history(ours, 2, world.space);
    const { peer, cuts, enrolled } = await world.runtime();
    const wanted = { timelines: [genesis!.address] };
    for (let n = 0; n < 3; n += 1) {
      const line = await world.reopened({ peer, cuts }, enrolled);
      await syncing(line, new MemorySpace(), wanted);
      expect(world.desk.counts).toEqual({ ...nothing, lines: 1 });
    }
    world.desk.leave(peer);
    expect([world.desk.counts, world.clock.timers]).toEqual([nothing, 0]);
  });

  it.each([
    ['is silent in the middle of a saga', syncBounds.idleMs],
    ['takes too long for one', syncBounds.deadlineMs],
  ])('a runtime that %s loses the session, and its connection stays', async (_title, ms) => {
    const world = await SyncWorld.create({ ...syncBounds, idleMs: ms });
    const [genesis] = await history(ours, 2, world.space);
    const line = await world.readingRuntime();
    const { promise, resolve } = Promise.withResolvers<void>();
    const exchange = line.sync.exchange.bind(line.sync);
    let turns = 0;
    line.sync.exchange = (turn, signal) => {
      turns += 1;
      if (turns === 1) return exchange(turn, signal);
      resolve();
      return new Promise((_answer, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    };
    const session = await line.session(new MemorySpace());
    const end = kindOf(session.sync({ timelines: [genesis!.address] }).done);
    await promise;
    expect(world.desk.counts.sagas).toBe(1);
    world.clock.advance(ms);
    expect([world.desk.counts, world.clock.timers, line.cuts]).toEqual([nothing, 0, []]);
    expect(line.peer.keystone).toBeUndefined();
    session.disconnect();
    expect(await end).toBe('unavailable');
  });

  it('a connection that ends in the middle leaves nothing', async () => {
    const { world, peer } = await opened();
    world.desk.leave(peer);
    expect([world.desk.counts, world.clock.timers]).toEqual([nothing, 0]);
  });
});

describe('[SYNC-26] it reads its module in its environment, and everything else is not there', () => {
  const elsewhere: readonly [string, ValueMap][] = [
    ['of another tenant', { ...ours, tenant: 'other' }],
    ['of another environment', { ...ours, environment: 'production' }],
    ['of another module', { ...ours, resource: '/bank/vault.js' }],
    ['of a module whose name begins the same', { ...ours, resource: '/shopping/list.js' }],
    ['that says nothing of the kind', { hello: 'world' }],
  ];

  /** What a runtime hears of a timeline, word for word. */
  const heard = async (world: SyncWorld, wanted: SyncWanted, space = new MemorySpace()) => {
    const line = await world.readingRuntime();
    const said: unknown[] = [];
    const exchange = line.sync.exchange.bind(line.sync);
    line.sync.exchange = async (turn, signal) => {
      const answer = await exchange(turn, signal);
      said.push(answer.context.says, answer.objects);
      return answer;
    };
    const end = await kindOf(syncing(line, space, wanted));
    return JSON.stringify([end, said]);
  };

  it.each(elsewhere)('a timeline %s is answered like one that there is not', async (_title, data) => {
    const [with_, without] = [await SyncWorld.create(), await SyncWorld.create()];
    const frames = await history(data, 3, with_.space);
    const wanted = { timelines: [frames[0]!.address] };
    expect(await heard(with_, wanted)).toBe(await heard(without, wanted));

    // Also by somebody who knows its frames.
    const own = [new MemorySpace(), new MemorySpace()] as const;
    for (const space of own) put(space, frames.slice(0, 2));
    expect(await heard(with_, wanted, own[0])).toBe(await heard(without, wanted, own[1]));
  });

  it('and so is one that leads to such a one, be it by its latest frame or by an earlier one', async () => {
    const [with_, without] = [await SyncWorld.create(), await SyncWorld.create()];
    const [vault] = await history({ ...ours, resource: '/bank/vault.js' }, 1, with_.space);
    const till = await makeGenesis(ours, { uses: [vault!.address] });
    put(with_.space, [till]);
    const wanted = { timelines: [till.address] };
    expect(await heard(with_, wanted)).toBe(await heard(without, wanted));

    const later = await append(till, { data: {} });
    put(with_.space, [later]);
    const space = new MemorySpace();
    expect(await heard(with_, wanted, space)).toContain('missing-object');
    expect(space.get(vault!.address)).toBeUndefined();
  });

  it.each([
    ['of its module', ours, true],
    ['of another module', { ...ours, resource: '/bank/rate' }, false],
  ] as const)('a constant %s', async (_title, data, isSeen) => {
    const world = await SyncWorld.create();
    const constant = await makeConstant(data);
    world.space.commit({ objects: [constant], swaps: [] });
    const line = await world.readingRuntime();
    const space = new MemorySpace();
    // Both sides have the same of what is nowhere: nothing.
    await syncing(line, space, { timelines: [], constants: [constant.address] });
    expect(space.get(constant.address) !== undefined).toBe(isSeen);
  });

  it('nor does it see more than it has let its session', async () => {
    const world = await SyncWorld.create();
    const [till] = await history(ours, 1, world.space);
    const [cart] = await history({ ...ours, resource: '/shop/cart/list.js' }, 1, world.space);
    const line = await world.readingRuntime(
      {},
      {
        scope: {
          verbs: ['connect', 'sync'],
          grants: [{ prefix: '/shop/cart', environments: ['development'] }],
          expiresAt: Date.now() + 60_000,
        },
      },
    );
    const space = new MemorySpace();
    await syncing(line, space, { timelines: [till!.address, cart!.address] });
    expect([space.tip(till!.address), space.tip(cart!.address)]).toEqual([undefined, cart!.address]);
  });

  it('the sources of its files come with their frames', async () => {
    const world = await SyncWorld.create();
    const source = await storedBlob('export const price = 1;\n');
    const genesis = await makeGenesis(ours);
    world.space.commit({ objects: [source], swaps: [] });
    put(world.space, [genesis, await append(genesis, { data: { source: linkTo(source.address) } })]);
    const space = new MemorySpace();
    await syncing(await world.readingRuntime(), space, { timelines: [genesis.address] });
    expect(space.get(source.address)).toEqual(source.bytes);
  });
});

describe('[SYNC-27] it writes nothing', () => {
  const ahead = async () => {
    const world = await SyncWorld.create();
    const space = new MemorySpace();
    const [genesis, tip] = await history(ours, 2, world.space, space);
    const own = await append(tip!, { data: { evil: true } });
    put(space, [own]);
    return { world, space, wanted: { timelines: [genesis!.address] }, genesis: genesis!, tip: tip!, own };
  };

  it('a frame of its own is refused, nothing of it waits, and the tip stays', async () => {
    const { world, space, wanted, genesis, tip, own } = await ahead();
    const size = world.space.size;
    const line = await world.readingRuntime();
    const session = await line.session(space, { isKeptOpen: true });
    expect(await kindOf(session.sync(wanted).done)).toBe('forbidden');
    expect(world.space.tip(genesis.address)).toBe(tip.address);
    expect([world.space.get(own.address), world.space.size]).toEqual([undefined, size]);
    expect([world.desk.counts, line.cuts]).toEqual([{ ...nothing, lines: 1 }, []]);
    // The session is good for another saga.
    const [other] = await history({ ...ours, resource: '/shop/other.js' }, 2, world.space);
    await session.sync({ timelines: [other!.address] }).done;
    expect(space.tip(other!.address)).toBeDefined();
    session.disconnect();
  });

  it('so are swaps, offers and objects by whatever turn they come', async () => {
    const { world, genesis, tip, own } = await ahead();
    const cargo: readonly Cargo[] = [{ type: 'object', object: own }];
    const swaps = [{ timeline: genesis.address, from: tip.address, to: own.address }];
    const told = [{ timeline: genesis.address, tip: { address: own.address, height: own.height } }];
    const writes: readonly (readonly [SyncRequest, readonly Cargo[]])[] = [
      [{ stage: 'commit', swaps }, []],
      [{ stage: 'commit', swaps: [] }, cargo],
      [{ stage: 'delta', offer: [own.address], lacks: [] }, []],
      [{ stage: 'delta', offer: [], lacks: [] }, cargo],
      [{ stage: 'ask', timelines: [] }, cargo],
    ];
    for (const [says, brought] of writes) {
      const line = await world.readingRuntime();
      const turns = new SagaTurns(
        line.sync,
        new SignedTurns(await line.signing()),
        new AbortController().signal,
        10,
      );
      const digest = `sha256-${'A'.repeat(43)}`;
      const scope = { timelines: told, constants: [] };
      await turns.exchange({ stage: 'init', strategy: 'merge', digest, scope }, [], ['ack']);
      const writing = turns.exchange(says, brought, ['delta', 'ack', 'committed']);
      expect([says.stage, await kindOf(writing)]).toEqual([says.stage, 'forbidden']);
      expect(world.desk.counts).toMatchObject({ sagas: 0, bytes: 0 });
      world.desk.leave(line.peer);
    }
    expect([world.space.tip(genesis.address), world.space.get(own.address)]).toEqual([
      tip.address,
      undefined,
    ]);
  });

  it('of a thousand sagas of a runtime nothing stays at the relay, and the second of each takes two messages', async () => {
    const world = await SyncWorld.create();
    const timelines: Address[] = [];
    for (let n = 0; n < 40; n += 1) {
      const [genesis] = await history({ ...ours, resource: `/shop/${n}.js` }, 2, world.space);
      timelines.push(genesis!.address);
    }
    const { size } = world.space;
    const line = await world.readingRuntime();
    const space = new MemorySpace();
    const session = await line.session(space, { isKeptOpen: true });
    expect(await session.sync({ timelines }).done).toMatchObject({ received: { objects: 80 } });
    for (let n = 0; n < 1_000; n += 1) {
      const again = await session.sync({ timelines }).done;
      expect(again).toMatchObject({ turns: 2, received: { objects: 0 }, sent: { objects: 0 } });
    }
    expect([world.space.size, world.desk.counts]).toEqual([size, { ...nothing, lines: 1 }]);
    session.disconnect();
  });
});
