import {
  freshCommTrack,
  isCdPushEnvelop,
  problemOf,
  type ICdPushEnvelop,
  type PushAnswer,
  type Statement,
} from '@cd-push/protocol';
import { digestOf, fromBase64url, openContent } from '@cd-push/timeline';
import type { Socket } from 'socket.io';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { connect, type Connection } from '../src/connection/connection.ts';
import { Publisher } from '../src/publisher/publisher.ts';
import type { PushRequest } from '../src/publisher/push-request.ts';
import type { Session } from '../src/session/session.ts';
import { answering, cutWith, startFakeRelay, type FakeRelay } from './support/fake-relay.ts';
import { developerSession } from './support/fake-session.ts';

interface Arrived {
  readonly event: string;
  readonly envelope: ICdPushEnvelop;
  readonly statement: Statement;
  readonly answer: (answer: PushAnswer) => void;
  readonly socket: Socket;
}

let relay: FakeRelay;
let session: Session;
let connection: Connection;
let publisher: Publisher;
let arrived: Arrived[];
let headQueries: string[][];
let waiting: Set<() => void>;
let tracks: object;
let heads: { resource: string; version: number; digest: string | null }[];

beforeEach(async () => {
  arrived = [];
  headQueries = [];
  waiting = new Set();
  heads = [];
  tracks = {};
  relay = await startFakeRelay({
    onConnection: (socket) => {
      socket.on('get-heads', (query: { resources: string[] }, answer: (value: unknown) => void) => {
        headQueries.push(query.resources);
        answer({ status: true, heads });
      });
      answering(socket, 'get-track', () => ({ status: true, ...tracks }));
      for (const event of ['cli', 'file-save', 'notify', 'run-operation']) {
        socket.on(event, (envelope: unknown, answer: (answer: PushAnswer) => void) => {
          if (!isCdPushEnvelop(envelope)) throw new Error('No envelope.');
          arrived.push({ event, envelope, statement: statementOf(envelope), answer, socket });
          for (const wake of waiting) wake();
        });
      }
    },
  });
  session = await developerSession();
  connection = connect({ relayUrl: relay.url, session });
  publisher = new Publisher({ connection, session });
});
afterEach(async () => {
  publisher.close();
  connection.close();
  await relay[Symbol.asyncDispose]();
});

const statementOf = ({ pushData }: ICdPushEnvelop): Statement => {
  const [, payload = ''] = (pushData.statement ?? '').split('.');
  return JSON.parse(new TextDecoder().decode(fromBase64url(payload))) as Statement;
};

const nth = async (index: number): Promise<Arrived> => {
  for (;;) {
    const one = arrived[index];
    if (one !== undefined) return one;
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.add(resolve);
    await promise;
    waiting.delete(resolve);
  }
};

const accept = ({ envelope, answer }: Arrived, recipients: string[] = ['r1']): void =>
  answer({
    status: true,
    pushGuid: envelope.pushData.pushGuid,
    duplicate: false,
    commTrack: { ...freshCommTrack(1), relayed: true, relayTime: Date.now() },
    recipients,
  });

const put = (content: string | Uint8Array, resource = '/shop/a.html'): PushRequest => ({
  environment: 'development',
  targets: [{ select: { module: 'shop' } }],
  patches: [{ change: 'put', resource, componentType: 'template', content }],
});

const patchesOf = ({ statement }: Arrived) => (statement.kind === 'patch' ? statement.patches : []);

/** Under which event the relay tells of each stage. */
const eventOf = {
  pushed: 'push-msg-pushed',
  delivered: 'push-delivered',
  completed: 'push-msg-completed',
  failed: 'push-msg-failed',
  expired: 'push-msg-failed',
  superseded: 'push-msg-superseded',
} as const;

const notice = (one: Arrived, stage: keyof typeof eventOf, recipient = 'r1', more: object = {}): void => {
  const { pushGuid } = one.envelope.pushData;
  one.socket.emit(eventOf[stage], {
    pushGuid,
    recipients: [{ recipient, attempt: 1, at: Date.now(), stage, ...more }],
    commTrack: freshCommTrack(1),
    outcome: 'open',
  });
};

test('what travels is what is signed: digest, size and the map beside it', async () => {
  const push = publisher.push({
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
  const one = await nth(0);
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
    publisher.push(put(bytes, `/shop/${length}.bin`));
    const one = await nth(arrived.length);
    expect(await openContent(patchesOf(one)[0]!, one.envelope.pushData.contents![0]!, undefined)).toEqual({
      ok: true,
      value: { kind: 'bytes', bytes },
    });
    accept(one);
  }
});

test('the first push of a file asks for its head, the second builds on what the first left', async () => {
  const future = Date.now() + 50_000;
  heads = [{ resource: '/shop/a.html', version: future, digest: await digestOf('old') }];
  publisher.push(put('one'));
  accept(await nth(0));
  publisher.push(put('two'));
  const [first, second] = [patchesOf(await nth(0))[0]!, patchesOf(await nth(1))[0]!];
  expect(headQueries).toEqual([['/shop/a.html']]);
  expect(first).toMatchObject({ version: future + 1, predecessor: await digestOf('old') });
  expect(second).toMatchObject({ version: future + 2, predecessor: first.digest });
});

test('a push of a file waits for the one before it, and not for one of another file', async () => {
  publisher.push(put('one'));
  await nth(0);
  publisher.push(put('two'));
  publisher.push(put('other', '/shop/b.html'));
  expect(patchesOf(await nth(1))[0]!.resource).toBe('/shop/b.html');
  accept(arrived[0]!);
  expect(patchesOf(await nth(2))[0]).toMatchObject({
    resource: '/shop/a.html',
    predecessor: await digestOf('one'),
  });
});

test('a conflict is an answer, and the next push builds on what is in place by then', async () => {
  const push = publisher.push(put('one'));
  const current = { version: 7, digest: await digestOf('theirs') };
  heads = [{ resource: '/shop/a.html', ...current }];
  (await nth(0)).answer({ status: false, error: problemOf('conflict', { current }) });
  expect(await push.accepted).toMatchObject({ status: false, error: { kind: 'conflict', current } });
  await expect(push.settled('completed')).rejects.toMatchObject({ problem: { kind: 'conflict' } });
  publisher.push(put('two'));
  expect(patchesOf(await nth(1))[0]!.predecessor).toBe(current.digest);
});

test('a rename follows the content that the old name had', async () => {
  heads = [{ resource: '/shop/old.html', version: 1, digest: await digestOf('x') }];
  publisher.push({
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
  expect(patchesOf(await nth(0))[0]).toMatchObject({
    change: 'rename',
    from: '/shop/old.html',
    predecessor: await digestOf('x'),
  });
});

test('a deletion carries nothing', async () => {
  publisher.push({
    ...put(''),
    patches: [{ change: 'delete', resource: '/shop/a.html', componentType: 'template' }],
  });
  const one = await nth(0);
  expect(patchesOf(one)[0]).toMatchObject({ change: 'delete', digest: null, bytes: 0 });
  expect(one.envelope.pushData.contents).toEqual([{ encoding: 'none' }]);
});

test('a name that is none is refused before anything is sent', async () => {
  expect(await publisher.push(put('x', '/shop/../etc')).accepted).toMatchObject({
    status: false,
    error: { kind: 'invalid-envelope' },
  });
  expect(arrived).toEqual([]);
});

test('the same signed push is sent again where the connection broke before the answer', async () => {
  const push = publisher.push(put('one'));
  const first = await nth(0);
  cutWith(first.socket, 4001);
  const second = await nth(1);
  expect(second.envelope).toEqual(first.envelope);
  accept(second);
  expect((await push.accepted).status).toBe(true);
});

test('a push is followed to its end at each recipient, in order, and then is over', async () => {
  const push = publisher.push(put('one'));
  const one = await nth(0);
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
  const push = publisher.push(put('one'));
  const one = await nth(0);
  notice(one, 'completed');
  accept(one);
  expect(await push.settled('completed')).toMatchObject({
    reached: [{ recipient: 'r1', state: { stage: 'completed' } }],
    missed: [],
  });
});

test('a late or repeated notice moves nothing back, and a new attempt starts anew', async () => {
  const push = publisher.push(put('one'));
  const one = await nth(0);
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
  const push = publisher.push(put('one'));
  const one = await nth(0);
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
  const push = publisher.push(put('one'));
  const one = await nth(0);
  accept(one);
  one.socket.emit('push-delivered', { pushGuid: 1 });
  one.socket.emit('push-delivered', JSON.parse('{"__proto__":{"polluted":true}}'));
  notice(one, 'completed');
  expect(await push.settled('completed')).toMatchObject({ missed: [] });
});

test('what was missed while the connection was broken is caught up', async () => {
  const push = publisher.push(put('one'));
  const one = await nth(0);
  accept(one);
  await push.accepted;
  const at = Date.now();
  const commTrack = {
    initTime: at,
    relayed: true,
    relayTime: at,
    pushed: true,
    pushTime: at,
    delivered: true,
    deliveryTime: at,
    completed: true,
    completedTime: at,
  };
  const recipient = { recipient: 'r1', connected: true, attempt: 1, stage: 'completed', commTrack };
  const { pushGuid } = push;
  const view = { pushGuid, trigger: 'cli', sender: 'user-1', patches: [], commTrack, outcome: 'completed' };
  tracks = { push: { ...view, recipients: [recipient] } };
  cutWith(one.socket, 4001);
  expect(await push.settled('completed')).toMatchObject({ reached: [{ recipient: 'r1' }] });
});

test('[NOTICE-2] a push that the relay forgot ends as failed, and says why', async () => {
  const push = publisher.push(put('one'));
  const one = await nth(0);
  accept(one, ['r1', 'r2']);
  await push.accepted;
  notice(one, 'completed', 'r2');
  tracks = { status: false, error: problemOf('not-found', { path: '/pushGuid' }) };
  cutWith(one.socket, 4001);
  expect(await push.settled('completed')).toMatchObject({
    reached: [{ recipient: 'r2' }],
    missed: [{ recipient: 'r1', state: { stage: 'failed', problem: { kind: 'not-found' } } }],
  });
});

test('a push whose answer is still awaited is not given up because the relay does not know it yet', async () => {
  const push = publisher.push(put('one'));
  const one = await nth(0);
  tracks = { status: false, error: problemOf('not-found', { path: '/pushGuid' }) };
  cutWith(one.socket, 4001);
  const again = await nth(1);
  accept(again);
  await push.accepted;
  notice(again, 'completed');
  expect(await push.settled('completed')).toMatchObject({ reached: [{ recipient: 'r1' }], missed: [] });
});

test('waiting ends with its signal, and the push goes on', async () => {
  const push = publisher.push(put('one'));
  const one = await nth(0);
  accept(one);
  await expect(push.settled('completed', { signal: AbortSignal.timeout(10) })).rejects.toThrow(/timeout/u);
  notice(one, 'completed');
  expect(await push.settled('completed')).toMatchObject({ missed: [] });
});

test('a notice and an operation sign the digest of what they carry', async () => {
  const delivery = { environment: 'development', targets: [{ guid: 'g' }], silent: true };
  publisher.notify({ ...delivery, message: 'soon' });
  publisher.operate({ ...delivery, operation: 'set-theme', args: { dark: true } });
  const [notified, operated] = [await nth(0), await nth(1)].toSorted((a, b) => (a.event < b.event ? -1 : 1));
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
  publisher.push({ ...put('one'), pushGuid: '00000000-0000-4000-8000-000000000001' });
  expect((await nth(0)).envelope.pushData.pushGuid).toBe('00000000-0000-4000-8000-000000000001');
});

test('a push that no relay takes is refused here, and the next one goes', async () => {
  const half = 'x'.repeat(5_000_000);
  const patches = ['/shop/a.html', '/shop/b.html'].map(
    (resource) => ({ change: 'put', resource, componentType: 'template', content: half }) as const,
  );
  expect(await publisher.push({ ...put(''), patches }).accepted).toMatchObject({
    status: false,
    error: { kind: 'too-large' },
  });
  publisher.push(put('small'));
  await nth(0);
  expect(arrived).toHaveLength(1);
});

test('thousands of heads are asked for in questions that the relay takes', async () => {
  await publisher.prepare(
    'development',
    Array.from({ length: 4_001 }, (_, index) => `/shop/${index}.html`),
  );
  expect(headQueries.map(({ length }) => length)).toEqual([2_000, 2_000, 1]);
});
