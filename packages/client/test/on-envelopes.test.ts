import { deflateRawSync } from 'node:zlib';

import { packPushData } from '@cd-push/timeline';
import { expect, test } from 'vitest';

import { connect } from '../src/connection/connection.ts';
import { onEnvelopes } from '../src/connection/on-envelopes.ts';
import { answering, cutWith, startFakeRelay } from './support/fake-relay.ts';
import { countingTokens } from './support/fake-session.ts';

const patch = 'apply-runtime-patch';
const notice = 'show-notice';

/** An envelope of which nothing is left but how it is told from others. */
const envelopeOf = (pushGuid: string, offset: number): object => ({
  req: null,
  resp: null,
  pushData: { pushGuid, offset, commTrack: { pushTime: 1 } },
});
/** The same as it is packed. */
const packedAs = (pushGuid: string, offset: number): [object, Uint8Array] => [
  { pushData: { offset, commTrack: { pushTime: 1 } } },
  deflateRawSync(packPushData({ pushGuid })),
];

const world = async () => {
  const stack = new AsyncDisposableStack();
  const relay = stack.use(
    await startFakeRelay({
      onConnection: (socket) => answering(socket, 'list-targets', () => ({ status: true, targets: [] })),
    }),
  );
  const connection = connect({ relayUrl: relay.url, session: countingTokens() });
  stack.defer(() => connection.close());
  const heard: unknown[] = [];
  const forget = onEnvelopes(connection, [patch, notice], (envelope) => heard.push(envelope));
  await connection.opened();
  return {
    heard,
    forget,
    connection,
    socketAt: (index: number) => relay.connection(index),
    /** Everything that was sent before has arrived by then. */
    settled: () => connection.request('list-targets', {}),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
};

test('[PACK-3] envelopes are heard in the order in which they came, packed or not, whatever their event', async () => {
  await using one = await world();
  const { heard, socketAt } = one;
  const socket = await socketAt(0);
  socket.emit(patch, envelopeOf('a', 1));
  socket.emit(patch, ...packedAs('b', 2));
  socket.emit(notice, envelopeOf('c', 3));
  socket.emit(patch, ...packedAs('d', 4));
  socket.emit(patch, envelopeOf('e', 5));
  await expect.poll(() => heard.length).toBe(5);
  expect(heard).toEqual(['a', 'b', 'c', 'd', 'e'].map((guid, index) => envelopeOf(guid, index + 1)));
});

test('[PACK-3] one that is not packed is heard at once where none before it is being unpacked', async () => {
  await using one = await world();
  const { heard, socketAt, settled } = one;
  (await socketAt(0)).emit(patch, envelopeOf('a', 1));
  await settled();
  expect(heard).toEqual([envelopeOf('a', 1)]);
});

test('[PACK-2] what is no pack is handed on as it is, and the next one is heard', async () => {
  await using one = await world();
  const { heard, socketAt } = one;
  const socket = await socketAt(0);
  const own = envelopeOf('a', 1);
  socket.emit(patch, own, Buffer.from('no DEFLATE'));
  socket.emit(patch, own, 'no bytes');
  socket.emit(patch, ...packedAs('b', 2));
  await expect.poll(() => heard.length).toBe(3);
  expect(heard).toEqual([own, own, envelopeOf('b', 2)]);
});

test('[PACK-3] what is unpacked after its connection has ended is let go of', async () => {
  await using one = await world();
  const { heard, socketAt } = one;
  const first = await socketAt(0);
  // Large enough to take longer than the end of the connection behind it.
  first.emit(patch, { pushData: {} }, deflateRawSync(JSON.stringify({ m: '0'.repeat(8_000_000) })));
  cutWith(first, 4000);
  const second = await socketAt(1);
  second.emit(patch, ...packedAs('b', 2));
  await expect.poll(() => heard.length).toBeGreaterThan(0);
  expect(heard).toEqual([envelopeOf('b', 2)]);
});

test('whoever has stopped listening hears nothing more', async () => {
  await using one = await world();
  const { heard, forget, socketAt, settled } = one;
  const socket = await socketAt(0);
  socket.emit(patch, ...packedAs('a', 1));
  socket.emit(patch, envelopeOf('b', 2));
  await expect.poll(() => heard.length).toBe(2);
  forget();
  socket.emit(patch, envelopeOf('c', 3));
  await settled();
  expect(heard).toHaveLength(2);
});
