import {
  freshCommTrack,
  problemOf,
  type JournalOffset,
  type Observe,
  type TrackChange,
  type TrackChanges,
} from '@cd-push/protocol';
import type { Socket } from 'socket.io';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { connect, type Connection } from '../src/connection/connection.ts';
import { listPushes } from '../src/observe/list-pushes.ts';
import { observe, type Observed } from '../src/observe/observe.ts';
import { answering, cutWith, startFakeRelay, type FakeRelay } from './support/fake-relay.ts';
import { countingTokens } from './support/fake-session.ts';

const epoch = '00000000-0000-4000-8000-000000000000';
const guid = (nth: number): string => `00000000-0000-4000-8000-${String(nth).padStart(12, '0')}`;

let relay: FakeRelay;
let connection: Connection;
let asked: Observe[];
/** How the relay answers an observation, and what it does then. */
let answerTo: (observe: Observe, socket: Socket) => object;

beforeEach(async () => {
  asked = [];
  answerTo = ({ after }) => begun(after?.offset ?? 0);
  relay = await startFakeRelay({
    onConnection: (socket) => {
      answering(socket, 'observe', (query) => {
        asked.push(query as Observe);
        return answerTo(query as Observe, socket);
      });
    },
  });
  connection = connect({ relayUrl: relay.url, session: countingTokens() });
});
afterEach(async () => {
  connection.close();
  await relay[Symbol.asyncDispose]();
});

const begun = (offset: number, over: object = {}): object => ({
  status: true,
  journal: { epoch, offset },
  reset: false,
  open: [],
  auditHeads: [],
  ...over,
});

const view = (offset: number): object => ({
  pushGuid: guid(offset),
  trigger: 'cli',
  sender: 'user-1',
  session: 'session-1',
  environment: 'development',
  statement: `sha256-${'A'.repeat(43)}`,
  offset,
  acceptedAt: 1,
  deliverBy: 2,
  patches: [],
  commTrack: freshCommTrack(1),
  outcome: 'open',
  recipients: [],
});

const change = (push: number, stage: TrackChange['stage'], recipient = 'r1'): TrackChange => ({
  pushGuid: guid(push),
  recipient,
  attempt: 1,
  stage,
  at: 1,
});

/** What was observed, in a few words. */
const brief = (observed: Observed): string => {
  switch (observed.kind) {
    case 'accepted':
      return `accepted ${observed.journal.offset}`;
    case 'track':
      return `${observed.changes.map(({ recipient, stage }) => `${recipient} ${stage}`).join(', ')} ${observed.journal.offset}`;
    case 'metrics':
      return `metrics ${observed.metrics.length}`;
    default:
      return `${observed.kind} ${observed.journal.offset}`;
  }
};

/** Reads so many, and leaves the rest to the next call. */
const reader =
  (stream: AsyncGenerator<Observed>) =>
  async (count: number): Promise<string[]> => {
    const read: string[] = [];
    while (read.length < count) {
      const { value, done } = await stream.next();
      if (done === true) throw new Error(`It ended after ${read.join('; ')}`);
      read.push(brief(value));
    }
    return read;
  };

test('what happens is told in its order, with the place in the journal where the observer stands then', async () => {
  const read = reader(observe(connection, { environment: 'development' }));
  expect(await read(1)).toEqual(['begun 0']);
  expect(asked).toEqual([{ environment: 'development' }]);
  const socket = await relay.connection(0);
  socket.emit('push-accepted', { push: view(1) });
  socket.emit('track-changed', { offset: 3, changes: [change(1, 'pushed'), change(1, 'pushed', 'r2')] });
  socket.emit('sync-metrics', { at: 1, metrics: [] });
  socket.emit('track-changed', { offset: 4, changes: [change(1, 'completed')] });
  expect(await read(4)).toEqual(['accepted 1', 'r1 pushed, r2 pushed 3', 'metrics 0', 'r1 completed 4']);
});

test('after a break it is gone on from the last place, without gap or repetition', async () => {
  const read = reader(observe(connection));
  const first = await relay.connection(0);
  await read(1);
  first.emit('push-accepted', { push: view(1) });
  first.emit('track-changed', { offset: 2, changes: [change(1, 'pushed')] });
  await read(2);
  answerTo = ({ after }, socket) => {
    // The relay may tell of a place once more.
    setImmediate(() => {
      socket.emit('push-accepted', { push: view(1) });
      socket.emit('track-changed', { offset: 2, changes: [change(1, 'pushed')] });
      socket.emit('track-changed', { offset: 3, changes: [change(1, 'completed')] });
    });
    return begun(after?.offset ?? 0);
  };
  cutWith(first, 4001);
  expect(await read(2)).toEqual(['resumed 2', 'r1 completed 3']);
  expect(asked.at(-1)).toEqual({ after: { epoch, offset: 2 } });
});

test('how far it came without anything to tell counts too', async () => {
  const read = reader(observe(connection));
  await read(1);
  const first = await relay.connection(0);
  first.emit('track-changed', { offset: 1_000, changes: [] });
  first.emit('sync-metrics', { at: 1, metrics: [] });
  expect(await read(1)).toEqual(['metrics 0']);
  cutWith(first, 4001);
  expect(await read(1)).toEqual(['resumed 1000']);
});

test('of a place that was told in parts, what came before the break is not told again', async () => {
  const read = reader(observe(connection));
  await read(1);
  const first = await relay.connection(0);
  // The first two of four changes at place 9: the relay names the place before it until all are told.
  first.emit('track-changed', { offset: 8, changes: [change(1, 'pushed', 'r1')] });
  first.emit('track-changed', { offset: 8, changes: [change(1, 'pushed', 'r2')] });
  expect(await read(2)).toEqual(['r1 pushed 8', 'r2 pushed 8']);
  answerTo = ({ after }, socket) => {
    setImmediate(() => {
      const all = ['r1', 'r2', 'r3', 'r4'].map((recipient) => change(1, 'pushed', recipient));
      socket.emit('track-changed', { offset: 9, changes: all });
    });
    return begun(after?.offset ?? 0);
  };
  cutWith(first, 4001);
  expect(await read(2)).toEqual(['resumed 8', 'r3 pushed, r4 pushed 9']);
});

test('what comes along with the answer is told, and after it', async () => {
  answerTo = (_observe, socket) => {
    // Both are on the wire before the answer was taken in.
    queueMicrotask(() => socket.emit('push-accepted', { push: view(1) }));
    return begun(0);
  };
  expect(await reader(observe(connection))(2)).toEqual(['begun 0', 'accepted 1']);
});

test('where it cannot be gone on from, a reset tells what is under way, and the place is that of the new journal', async () => {
  const other = '11111111-1111-4111-8111-111111111111';
  const journal: JournalOffset = { epoch: other, offset: 5 };
  answerTo = () => begun(5, { journal, reset: true, open: [view(4)] });
  const observed = observe(connection, {}, { after: { epoch, offset: 700 } });
  const { value } = await observed.next();
  expect(value).toMatchObject({ kind: 'reset', journal, open: [{ pushGuid: guid(4) }] });
  expect(asked).toEqual([{ after: { epoch, offset: 700 } }]);
  const first = await relay.connection(0);
  first.emit('track-changed', { offset: 6, changes: [change(4, 'completed')] });
  expect(await reader(observed)(1)).toEqual(['r1 completed 6']);
  answerTo = ({ after }) => begun(after?.offset ?? 0, { journal: after });
  cutWith(first, 4001);
  expect(await reader(observed)(1)).toEqual(['resumed 6']);
  expect(asked.at(-1)).toEqual({ after: { epoch: other, offset: 6 } });
});

describe('an observer that does not read', () => {
  /** A change of the journal at a place, at so many recipients that a dozen are too much to keep. */
  const many = (offset: number): TrackChanges => ({
    offset,
    changes: Array.from({ length: 1_000 }, (_, nth) => change(offset, 'pushed', `r${nth}`)),
  });
  const places = async (stream: AsyncGenerator<Observed>, count: number): Promise<string[]> => {
    const read: string[] = [];
    while (read.length < count) {
      const { value, done } = await stream.next();
      if (done === true) throw new Error(`It ended after ${read.join('; ')}`);
      const guids = value.kind === 'track' ? value.changes.map(({ pushGuid }) => pushGuid) : [];
      read.push([...new Set(guids), value.kind, 'journal' in value ? value.journal.offset : ''].join(' '));
    }
    return read;
  };
  const told = (from: number, to: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, nth) => `${guid(from + nth)} track ${from + nth}`);
  /** Tells all that, and lets the client take it in. */
  const tell = async (socket: Socket, from: number, to: number): Promise<void> => {
    for (let offset = from; offset <= to; offset += 1) socket.emit('track-changed', many(offset));
    answering(socket, 'get-heads', () => ({ status: true, heads: [] }));
    await connection.request('get-heads', { environment: 'development', resources: ['/shop/a.html'] });
  };

  test('is told no more than is kept for it, and goes on from there when it reads: nothing is lost or told twice', async () => {
    const stream = observe(connection);
    await stream.next();
    const first = await relay.connection(0);
    await tell(first, 1, 40);
    answerTo = ({ after }, socket) => {
      const from = after?.offset ?? 0;
      // The observation whose place this one takes still tells what happens.
      socket.emit('track-changed', many(41));
      setImmediate(() => {
        for (let offset = from + 1; offset <= from + 5; offset += 1)
          socket.emit('track-changed', many(offset));
      });
      return begun(from);
    };
    expect(await places(stream, 10)).toEqual(told(1, 10));
    expect(asked).toEqual([{}]);
    expect(await places(stream, 6)).toEqual(['resumed 10', ...told(11, 15)]);
    expect(asked).toEqual([{}, { after: { epoch, offset: 10 } }]);
  });

  test('nor is it asked for more when the connection comes back before it reads', async () => {
    const stream = observe(connection);
    await stream.next();
    const first = await relay.connection(0);
    await tell(first, 1, 12);
    cutWith(first, 4001);
    const second = await relay.connection(1);
    await tell(second, 13, 13);
    expect(asked).toEqual([{}]);
    expect(await places(stream, 11)).toEqual([...told(1, 10), 'resumed 10']);
    expect(asked).toEqual([{}, { after: { epoch, offset: 10 } }]);
    await tell(second, 11, 11);
    expect(await places(stream, 1)).toEqual(told(11, 11));
  });

  test('hears that the connection ended after what was kept', async () => {
    const stream = observe(connection);
    await stream.next();
    const first = await relay.connection(0);
    await tell(first, 1, 12);
    cutWith(first, 4006);
    expect(await places(stream, 10)).toEqual(told(1, 10));
    await expect(stream.next()).rejects.toMatchObject({ problem: { kind: 'session-revoked' } });
  });
});

test('a relay that is busy is asked again, one that forbids it ends the observation', async () => {
  const busy = problemOf('rate-limited', { retryAfter: 0.01 });
  answerTo = () => (asked.length < 3 ? { status: false, error: busy } : begun(0));
  expect(await reader(observe(connection))(1)).toEqual(['begun 0']);
  answerTo = () => ({ status: false, error: problemOf('forbidden') });
  await expect(observe(connection).next()).rejects.toMatchObject({ problem: { kind: 'forbidden' } });
});

test('what is not understood ends the observation with a problem: a gap is never silent', async () => {
  const observed = observe(connection);
  await observed.next();
  (await relay.connection(0)).emit('track-changed', { offset: -1, changes: [] });
  await expect(observed.next()).rejects.toMatchObject({ problem: { kind: 'unsupported-version' } });
});

test('it ends with its connection, and quietly by its signal', async () => {
  const stop = new AbortController();
  const stopped = observe(connection, {}, { signal: stop.signal });
  await stopped.next();
  setImmediate(() => stop.abort());
  expect(await stopped.next()).toEqual({ value: undefined, done: true });
  const observed = observe(connection);
  await observed.next();
  cutWith(await relay.connection(0), 4006);
  await expect(observed.next()).rejects.toMatchObject({ problem: { kind: 'session-revoked' } });
});

test('pushes of the journal are listed page by page, each from where the one before it ended', async () => {
  const queries: object[] = [];
  const socket = await relay.connection(0);
  answering(socket, 'list-pushes', (query) => {
    queries.push(query as object);
    const next = queries.length < 3 ? { next: 10 - queries.length } : {};
    return { status: true, journal: { epoch, offset: 10 }, pushes: [view(queries.length)], ...next };
  });
  const guids: string[] = [];
  for await (const { pushes } of listPushes(connection, { outcome: 'open', limit: 1 }))
    guids.push(...pushes.map(({ pushGuid }) => pushGuid));
  expect(guids).toEqual([guid(1), guid(2), guid(3)]);
  expect(queries).toEqual([
    { outcome: 'open', limit: 1 },
    { outcome: 'open', limit: 1, before: 9 },
    { outcome: 'open', limit: 1, before: 8 },
  ]);
});

test('a page that costs more than is left is asked for again when the relay says so', async () => {
  let asks = 0;
  answering(await relay.connection(0), 'list-pushes', () => {
    asks += 1;
    return asks === 1
      ? { status: false, error: problemOf('rate-limited', { retryAfter: 0.02 }) }
      : { status: true, journal: { epoch, offset: 10 }, pushes: [view(1)] };
  });
  const guids: string[] = [];
  for await (const { pushes } of listPushes(connection))
    guids.push(...pushes.map(({ pushGuid }) => pushGuid));
  expect(guids).toEqual([guid(1)]);
  expect(asks).toBe(2);
});
