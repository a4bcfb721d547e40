import type { Answer, ConnectChallenge } from '@cd-push/protocol';
import { openSqliteJournal, type JournalStore } from '@cd-push/store';
import {
  append,
  makeGenesis,
  MemorySpace,
  signContext,
  type FrameObject,
  type Space,
} from '@cd-push/timeline';
import { beforeEach, describe, expect, it } from 'vitest';

import type { RuntimeClient } from './support/clients.ts';
import { patchPush } from './support/envelopes.ts';
import { makeKey, tenant } from './support/memory-authority.ts';
import { openingOf } from './support/runtime-opening.ts';
import { Stack } from './support/stack.ts';
import { openRuntimeSync, syncOver } from './support/sync-client.ts';

let stack: Stack;
let store: JournalStore;

beforeEach(async () => {
  store = await openSqliteJournal(':memory:', { node: 'one' });
  stack = await Stack.start({ journal: store });
});

const till = { tenant, environment: 'development', resource: '/shop/till.js' };

const grown = async (frames: number, space: Space): Promise<readonly FrameObject[]> => {
  let last: FrameObject = await makeGenesis(till);
  const made = [last];
  for (let n = 1; n < frames; n += 1) made.push((last = await append(last, { data: { n } })));
  const swaps = [{ timeline: last.timeline, from: undefined, to: last.address }];
  const objects = made.map(({ address, bytes }) => ({ address, bytes }));
  expect((await space.commit({ objects, swaps })).outcome).toBe('committed');
  return made;
};

/** A runtime that has said hello, and may synchronise. */
const joined = async (options: Parameters<Stack['runtime']>[0] = {}) => {
  const enrolled = await makeKey();
  const { client, login, recipient } = await stack.runtime({ ...options, key: enrolled.publicKey });
  return { client, login, recipient, enrolled };
};

const reading = async (): Promise<RuntimeClient> => {
  const { client, login, enrolled } = await joined();
  await openRuntimeSync(client, login, enrolled);
  return client;
};

describe('[SYNC-28] over the connection by which it is pushed to', () => {
  it('the history comes while pushes do, and the next saga takes two messages and at most 1 KB', async () => {
    const frames = await grown(1_200, store.space(tenant));
    const tip = frames.at(-1)!;
    const { client, login, enrolled } = await joined();
    await openRuntimeSync(client, login, enrolled);
    const space = new MemorySpace();
    const session = await syncOver(client, space, { isKeptOpen: true });
    const wanted = { timelines: [tip.timeline] };
    const saga = session.sync(wanted).done;
    const sender = await stack.sender();
    const signed = await patchPush(sender.login, [{ resource: '/shop/cart.ts', text: 'cart' }]);
    expect(await sender.client.push(signed.envelope)).toMatchObject({ status: true });
    expect(await client.apply(signed.statement)).toMatchObject({ pushData: { pushGuid: signed.pushGuid } });
    expect(await saga).toMatchObject({ received: { objects: 1_200 }, sent: { objects: 0 } });
    expect(space.tip(tip.timeline)).toBe(tip.address);

    let [messages, bytes] = [0, 0];
    const count = (data: string): void => {
      messages += 1;
      bytes += Buffer.byteLength(data);
    };
    const { engine } = client.socket.io;
    engine.on('packetCreate', ({ type, data }: { readonly type: string; readonly data?: string }) => {
      if (type === 'message') count(data ?? '');
    });
    engine.on('message', count);
    expect(await session.sync(wanted).done).toMatchObject({ turns: 2, received: { objects: 0 } });
    expect(messages).toBe(2);
    expect(bytes).toBeLessThanOrEqual(1024);
    session.disconnect();
  });

  it('a runtime that is removed in the middle of a saga is cut, and the saga ends', async () => {
    const [genesis] = await grown(1_200, store.space(tenant));
    const { client, login, enrolled } = await joined();
    await openRuntimeSync(client, login, enrolled);
    const space = new MemorySpace();
    let turns = 0;
    const session = await syncOver(client, space, {
      alter: (turn) => {
        turns += 1;
        if (turns === 2)
          stack.authority.change({ kind: 'runtime-removed', guid: login.session.runtime.guid });
        return turn;
      },
    });
    await expect(session.sync({ timelines: [genesis!.address] }).done).rejects.toThrow();
    expect(await client.closed).toMatchObject({ code: 4006 });
    expect([space.size, session.isClosed]).toEqual([0, true]);
    await nothingStays();

    const again = await reading();
    await (await syncOver(again, space)).sync({ timelines: [genesis!.address] }).done;
    expect(space.tip(genesis!.address)).toBeDefined();
  });

  it('who gives up in the middle leaves nothing, and may begin again', async () => {
    const [genesis] = await grown(1_200, store.space(tenant));
    const client = await reading();
    const giveUp = new AbortController();
    const session = await syncOver(client, new MemorySpace(), {
      alter: (turn) => {
        if (turn.context.says.stage === 'delta') giveUp.abort(new Error('Enough.'));
        return turn;
      },
    });
    const { signal } = giveUp;
    await expect(session.sync({ timelines: [genesis!.address] }, { signal }).done).rejects.toThrow('Enough.');
    await client.closed;
    await nothingStays();
  });

  it('a thousand sessions that cannot be proven leave the relay as it was', async () => {
    const [genesis] = await grown(2, store.space(tenant));
    let refused = 0;
    for (let n = 0; n < 1_000; n += 20) {
      const failing = Array.from({ length: 20 }, async (_, index) => {
        const enrolled = await makeKey();
        const login = stack.authority.runtime({ key: enrolled.publicKey });
        const client = stack.runtimeClient(login);
        await client.connected();
        const isSigned = index % 2 === 0;
        const { own, message } = await openingOf(login.session, isSigned ? enrolled : await makeKey());
        const answer = await client.ask<Answer<ConnectChallenge>>('open-sync', message);
        expect(answer.status).toBe(isSigned);
        if (answer.status) {
          // It reveals nothing.
          const proof = { step: (await signContext(own, 'sync', own.address)).step };
          expect(await client.ask('connect-proof', proof)).toMatchObject({ status: false });
        }
        client.close();
        refused += 1;
      });
      await Promise.all(failing);
    }
    expect(refused).toBe(1_000);
    await nothingStays();
    const space = new MemorySpace();
    await (await syncOver(await reading(), space)).sync({ timelines: [genesis!.address] }).done;
    expect(space.tip(genesis!.address)).toBeDefined();
  }, 180_000);

  const nothingStays = async (): Promise<void> => {
    const sockets = () => process.getActiveResourcesInfo().filter((type) => type === 'TCPSocketWrap');
    await expect.poll(sockets).toEqual([]);
  };
});
