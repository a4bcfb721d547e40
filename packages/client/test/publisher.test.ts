import { problemOf } from '@cd-push/protocol';
import { digestOf, openContent } from '@cd-push/timeline';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { cutWith } from './support/fake-relay.ts';
import {
  accept,
  notice,
  patchesOf,
  put,
  recipientView,
  refuse,
  SenderWorld,
  viewOf,
} from './support/sender-world.ts';

let world: SenderWorld;

beforeEach(async () => {
  world = await SenderWorld.start();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

test('what travels is what is signed: digest, size and the map beside it', async () => {
  const push = world.publisher.push({
    ...put('<p>ä</p>'),
    patches: [
      {
        change: 'put',
        resource: '/shop/a.ts',
        componentType: 'module',
        content: 'code ä',
        map: '{"version":3}',
      },
    ],
  });
  const one = await world.nth(0);
  const [head] = patchesOf(one);
  expect(head).toMatchObject({ resource: '/shop/a.ts', change: 'put', bytes: 7, predecessor: null });
  expect(await openContent(head!, one.envelope.pushData.contents![0]!, undefined)).toMatchObject({
    ok: true,
    value: { map: '{"version":3}' },
  });
  accept(one);
  expect((await push.accepted).status).toBe(true);
});

test('bytes travel as base64 of every length', async () => {
  for (const length of [0, 1, 2, 3, 70_000]) {
    const bytes = new Uint8Array(length).fill(251);
    world.publisher.push(put(bytes, `/shop/${length}.bin`));
    const one = await world.nth(world.arrived.length);
    expect(await openContent(patchesOf(one)[0]!, one.envelope.pushData.contents![0]!, undefined)).toEqual({
      ok: true,
      value: { kind: 'bytes', bytes },
    });
    accept(one);
  }
});

test('the first push of a file asks for its head, the second builds on what the first left', async () => {
  const future = Date.now() + 50_000;
  world.heads = [{ resource: '/shop/a.html', version: future, digest: await digestOf('old') }];
  world.publisher.push(put('one'));
  accept(await world.nth(0));
  world.publisher.push(put('two'));
  const [first, second] = [patchesOf(await world.nth(0))[0]!, patchesOf(await world.nth(1))[0]!];
  expect(world.headQueries).toEqual([['/shop/a.html']]);
  expect(first).toMatchObject({ version: future + 1, predecessor: await digestOf('old') });
  expect(second).toMatchObject({ version: future + 2, predecessor: first.digest });
});

test('a push of a file waits for the one before it, and not for one of another file', async () => {
  world.publisher.push(put('one'));
  await world.nth(0);
  world.publisher.push(put('two'));
  world.publisher.push(put('other', '/shop/b.html'));
  expect(patchesOf(await world.nth(1))[0]!.resource).toBe('/shop/b.html');
  accept(world.arrived[0]!);
  expect(patchesOf(await world.nth(2))[0]).toMatchObject({
    resource: '/shop/a.html',
    predecessor: await digestOf('one'),
  });
});

test('a conflict is an answer, and the next push builds on what is in place by then', async () => {
  const push = world.publisher.push(put('one'));
  const current = { version: 7, digest: await digestOf('theirs') };
  world.heads = [{ resource: '/shop/a.html', ...current }];
  (await world.nth(0)).answer({ status: false, error: problemOf('conflict', { current }) });
  expect(await push.accepted).toMatchObject({ status: false, error: { kind: 'conflict', current } });
  await expect(push.settled('completed')).rejects.toMatchObject({ problem: { kind: 'conflict' } });
  world.publisher.push(put('two'));
  expect(patchesOf(await world.nth(1))[0]!.predecessor).toBe(current.digest);
});

test('a rename follows the content that the old name had', async () => {
  world.heads = [{ resource: '/shop/old.html', version: 1, digest: await digestOf('x') }];
  world.publisher.push({
    ...put(''),
    patches: [
      {
        change: 'rename',
        resource: '/shop/new.html',
        from: '/shop/old.html',
        componentType: 'template',
        content: 'x',
      },
    ],
  });
  expect(patchesOf(await world.nth(0))[0]).toMatchObject({
    change: 'rename',
    from: '/shop/old.html',
    predecessor: await digestOf('x'),
  });
});

test('a deletion carries nothing', async () => {
  world.publisher.push({
    ...put(''),
    patches: [{ change: 'delete', resource: '/shop/a.html', componentType: 'template' }],
  });
  const one = await world.nth(0);
  expect(patchesOf(one)[0]).toMatchObject({ change: 'delete', digest: null, bytes: 0 });
  expect(one.envelope.pushData.contents).toEqual([{ encoding: 'none' }]);
});

test('a name that is none is refused before anything is sent', async () => {
  expect(await world.publisher.push(put('x', '/shop/../etc')).accepted).toMatchObject({
    status: false,
    error: { kind: 'invalid-envelope' },
  });
  expect(world.arrived).toEqual([]);
});

test('the same signed push is sent again where the connection broke before the answer', async () => {
  const push = world.publisher.push(put('one'));
  const first = await world.nth(0);
  cutWith(first.socket, 4001);
  const second = await world.nth(1);
  expect(second.envelope).toEqual(first.envelope);
  accept(second);
  expect((await push.accepted).status).toBe(true);
});

test('a push is followed to its end at each recipient, in order, and then is over', async () => {
  const push = world.publisher.push(put('one'));
  const one = await world.nth(0);
  accept(one, ['r1', 'r2']);
  await push.accepted;
  for (const stage of ['pushed', 'delivered', 'completed'] as const) notice(one, stage);
  notice(one, 'failed', 'r2', { problem: problemOf('apply-failed') });
  const changes: string[] = [];
  for await (const { recipient, state } of push) changes.push(`${recipient} ${state.stage}`);
  expect(changes.filter((change) => change.startsWith('r1'))).toEqual([
    'r1 relayed',
    'r1 pushed',
    'r1 delivered',
    'r1 completed',
  ]);
  expect(changes.filter((change) => change.startsWith('r2'))).toEqual(['r2 relayed', 'r2 failed']);
  expect(await push.settled('completed')).toMatchObject({
    reached: [{ recipient: 'r1' }],
    missed: [{ recipient: 'r2' }],
  });
});

test('notices that come before the answer are not lost', async () => {
  const push = world.publisher.push(put('one'));
  const one = await world.nth(0);
  notice(one, 'completed');
  accept(one);
  expect(await push.settled('completed')).toMatchObject({
    reached: [{ recipient: 'r1', state: { stage: 'completed' } }],
    missed: [],
  });
});

test('a late or repeated notice moves nothing back, and a new attempt starts anew', async () => {
  const push = world.publisher.push(put('one'));
  const one = await world.nth(0);
  accept(one, ['r1', 'r2']);
  await push.accepted;
  notice(one, 'failed', 'r1', { problem: problemOf('apply-failed') });
  notice(one, 'pushed', 'r1');
  notice(one, 'completed', 'r1', { attempt: 2 });
  notice(one, 'failed', 'r1', { attempt: 1, problem: problemOf('crashed') });
  notice(one, 'completed', 'r2');
  expect(await push.settled('completed')).toMatchObject({ missed: [] });
  expect(push.tracks.get('r1')).toMatchObject({ attempt: 2, state: { stage: 'completed' } });
});

test('[NOTICE-1] each recipient is where its notice says, whatever ended it', async () => {
  const push = world.publisher.push(put('one'));
  const one = await world.nth(0);
  accept(one, ['r1', 'r2', 'r3']);
  await push.accepted;
  notice(one, 'superseded', 'r1');
  notice(one, 'expired', 'r2', { problem: problemOf('expired') });
  notice(one, 'failed', 'r3', { problem: problemOf('crashed') });
  const { reached, missed } = await push.settled('completed');
  expect(reached).toEqual([]);
  expect(missed.map(({ recipient, state }) => `${recipient} ${state.stage}`)).toEqual([
    'r1 superseded',
    'r2 expired',
    'r3 failed',
  ]);
});

test('a notice that makes no sense is passed over', async () => {
  const push = world.publisher.push(put('one'));
  const one = await world.nth(0);
  accept(one);
  one.socket.emit('push-delivered', { pushGuid: 1 });
  one.socket.emit('push-delivered', JSON.parse('{"__proto__":{"polluted":true}}'));
  notice(one, 'completed');
  expect(await push.settled('completed')).toMatchObject({ missed: [] });
});

test('what was missed while the connection was broken is caught up', async () => {
  const push = world.publisher.push(put('one'));
  const one = await world.nth(0);
  accept(one);
  await push.accepted;
  world.track = {
    push: await viewOf(one, { outcome: 'completed', recipients: [recipientView('r1', 'completed')] }),
  };
  cutWith(one.socket, 4001);
  expect(await push.settled('completed')).toMatchObject({ reached: [{ recipient: 'r1' }] });
});

test('[NOTICE-2] a push that the relay forgot ends as failed, and says why', async () => {
  const push = world.publisher.push(put('one'));
  const one = await world.nth(0);
  accept(one, ['r1', 'r2']);
  await push.accepted;
  notice(one, 'completed', 'r2');
  world.track = { status: false, error: problemOf('not-found', { path: '/pushGuid' }) };
  cutWith(one.socket, 4001);
  expect(await push.settled('completed')).toMatchObject({
    reached: [{ recipient: 'r2' }],
    missed: [{ recipient: 'r1', state: { stage: 'failed', problem: { kind: 'not-found' } } }],
  });
});

test('a push whose answer is still awaited is not given up because the relay does not know it yet', async () => {
  const push = world.publisher.push(put('one'));
  const one = await world.nth(0);
  world.track = { status: false, error: problemOf('not-found', { path: '/pushGuid' }) };
  cutWith(one.socket, 4001);
  const again = await world.nth(1);
  accept(again);
  await push.accepted;
  notice(again, 'completed');
  expect(await push.settled('completed')).toMatchObject({ reached: [{ recipient: 'r1' }], missed: [] });
});

test('waiting ends with its signal, and the push goes on', async () => {
  const push = world.publisher.push(put('one'));
  const one = await world.nth(0);
  accept(one);
  await expect(push.settled('completed', { signal: AbortSignal.timeout(10) })).rejects.toThrow(/timeout/u);
  notice(one, 'completed');
  expect(await push.settled('completed')).toMatchObject({ missed: [] });
});

test('a notice and an operation sign the digest of what they carry', async () => {
  const delivery = { environment: 'development', targets: [{ guid: 'g' }], silent: true };
  world.publisher.notify({ ...delivery, message: 'soon' });
  world.publisher.operate({ ...delivery, operation: 'set-theme', args: { dark: true } });
  const [notified, operated] = [await world.nth(0), await world.nth(1)].toSorted((a, b) =>
    a.event < b.event ? -1 : 1,
  );
  expect(notified!.statement).toMatchObject({
    kind: 'notice',
    trigger: 'notify',
    silent: true,
    message: await digestOf('soon'),
  });
  expect(operated!.statement).toMatchObject({
    kind: 'operation',
    operation: 'set-theme',
    message: await digestOf('{"dark":true}'),
  });
  expect(operated!.envelope.pushData).toMatchObject({
    m: '{"dark":true}',
    emittEvent: 'execute-operation',
    isSilentSync: true,
  });
});

test('one guid may go to several relays', async () => {
  world.publisher.push({ ...put('one'), pushGuid: '00000000-0000-4000-8000-000000000001' });
  expect((await world.nth(0)).envelope.pushData.pushGuid).toBe('00000000-0000-4000-8000-000000000001');
});

test('what does not fit an envelope lies at the relay under its digest before the push is sent', async () => {
  const [large, map, bytes] = ['ü'.repeat(4_500_000), 'm'.repeat(1_000_000), new Uint8Array(7_000_000)];
  const progress: number[] = [];
  world.publisher.push({
    ...put(''),
    onUpload: ({ bytes: sent, bytesInAll }) => progress.push(sent, bytesInAll),
    patches: [
      { change: 'put', resource: '/shop/a.ts', componentType: 'module', content: large, map },
      { change: 'put', resource: '/shop/b.bin', componentType: 'asset', content: bytes },
      { change: 'put', resource: '/shop/c.html', componentType: 'template', content: 'small' },
      { change: 'delete', resource: '/shop/d.html', componentType: 'template' },
    ],
  });
  const { envelope } = await world.nth(0);
  expect(envelope.pushData.contents).toEqual([
    { encoding: 'stored' },
    { encoding: 'stored' },
    { encoding: 'text', text: 'small' },
    { encoding: 'none' },
  ]);
  const lying = new Map([...world.contents].map(([digest, content]) => [digest, content.length]));
  expect(lying).toEqual(
    new Map([
      [await digestOf(large), 9_000_000],
      [await digestOf(map), 1_000_000],
      [await digestOf(bytes), 7_000_000],
    ]),
  );
  const all = 17_000_000;
  expect(progress).toEqual([0, all, 7_000_000, all, 16_000_000, all, all, all]);
  expect(patchesOf(world.arrived[0]!).map(({ digest }) => digest)).toEqual([
    await digestOf(large),
    await digestOf(bytes),
    await digestOf('small'),
    null,
  ]);
});

test('contents that the relay let go of are put there anew, and the push is sent again', async () => {
  const push = world.publisher.push(put('x'.repeat(9_000_000)));
  const first = await world.nth(0);
  world.contents.clear();
  refuse(first, 'not-found', { path: '/pushData/contents/0' });
  const second = await world.nth(1);
  expect([...world.contents.values()].map(({ length }) => length)).toEqual([9_000_000]);
  expect(second.envelope).toEqual(first.envelope);
  accept(second);
  expect(await push.accepted).toMatchObject({ status: true });
});

test('a push that no relay takes is refused here, and the next one goes', async () => {
  const targets = [{ guid: 'g' }];
  const message = 'x'.repeat(9_000_000);
  expect(
    await world.publisher.notify({ environment: 'development', targets, message }).accepted,
  ).toMatchObject({
    status: false,
    error: { kind: 'too-large' },
  });
  expect(await world.publisher.push(put(new Uint8Array(65 * 1024 * 1024))).accepted).toMatchObject({
    status: false,
    error: { kind: 'too-large', resource: '/shop/a.html' },
  });
  world.publisher.push(put('small'));
  await world.nth(0);
  expect(world.arrived).toHaveLength(1);
});

test('thousands of heads are asked for in questions that the relay takes', async () => {
  await world.publisher.prepare(
    'development',
    Array.from({ length: 4_001 }, (_, index) => `/shop/${index}.html`),
  );
  expect(world.headQueries.map(({ length }) => length)).toEqual([2_000, 2_000, 1]);
});
