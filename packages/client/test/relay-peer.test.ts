import { ProblemError, problemOf, type SyncTurn } from '@cd-push/protocol';
import { describe, expect, test } from 'vitest';

import type { ConnectionStatus } from '../src/connection/connection-status.ts';
import { RelayClock } from '../src/clock/relay-clock.ts';
import { openSync } from '../src/sync/open-sync.ts';
import { relayPeer, type SyncConnection } from '../src/sync/relay-peer.ts';
import { MemorySpace } from '@cd-push/timeline';

/** A connection whose requests a test answers. */
class HandConnection {
  readonly clock = new RelayClock();
  readonly listeners = new Set<(status: ConnectionStatus) => void>();
  readonly asked: unknown[] = [];
  status: ConnectionStatus = { state: 'open' };
  closed = 0;
  answer: (turn: unknown, signal: AbortSignal) => Promise<unknown> = () =>
    Promise.reject(new Error('Unexpected.'));

  onStatus(listener: (status: ConnectionStatus) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  become(status: ConnectionStatus): void {
    this.status = status;
    for (const listener of this.listeners) listener(status);
  }

  opened(): Promise<void> {
    return Promise.resolve();
  }

  request(_event: string, turn: unknown, { signal }: { readonly signal: AbortSignal }): Promise<unknown> {
    this.asked.push(turn);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    this.answer(turn, signal).then(resolve, reject);
    return promise;
  }

  syncSigning(): never {
    throw new ProblemError(problemOf('forbidden', { detail: 'No identity is behind this connection.' }));
  }

  close(): void {
    this.closed += 1;
  }
}

const begin = (closesConnection = false) => {
  const connection = new HandConnection();
  const peer = relayPeer(connection as unknown as SyncConnection, { closesConnection });
  return { connection, peer };
};

const turn = { context: { saga: 'one' } } as unknown as SyncTurn;
const signal = new AbortController().signal;
const never = () => new Promise<never>(() => {});
const late = () => Promise.reject(new ProblemError(problemOf('timeout')));
const broken: ConnectionStatus = {
  state: 'connecting',
  problem: problemOf('unavailable', { detail: 'Gone.' }),
};

describe('the way to a relay', () => {
  test('brings a turn over and its answer back', async () => {
    const { connection, peer } = begin();
    connection.answer = () => Promise.resolve({ context: 'answered' });
    expect(await peer.exchange(turn, signal)).toEqual({ context: 'answered' });
    expect(connection.asked).toEqual([turn]);
  });

  test('brings the very same turn again where no answer came in time, and gives up at last', async () => {
    const { connection, peer } = begin();
    connection.answer = () => (connection.asked.length < 3 ? late() : Promise.resolve('answered'));
    expect(await peer.exchange(turn, signal)).toBe('answered');
    expect(connection.asked).toEqual([turn, turn, turn]);
    connection.answer = late;
    await expect(peer.exchange(turn, signal)).rejects.toMatchObject({ problem: { kind: 'timeout' } });
    expect(connection.asked).toHaveLength(3 + 12);
  });

  test('hands a refusal of the relay on, once', async () => {
    const { connection, peer } = begin();
    connection.answer = () => Promise.reject(new ProblemError(problemOf('bad-identity')));
    await expect(peer.exchange(turn, signal)).rejects.toMatchObject({ problem: { kind: 'bad-identity' } });
    expect(connection.asked).toHaveLength(1);
  });

  test('ends where the connection breaks, and is not taken up where that comes back', async () => {
    const { connection, peer } = begin();
    connection.answer = never;
    const exchange = peer.exchange(turn, signal);
    connection.become(broken);
    connection.become({ state: 'open' });
    await expect(exchange).rejects.toMatchObject({ problem: { kind: 'unavailable', detail: 'Gone.' } });
    await expect(peer.exchange(turn, signal)).rejects.toMatchObject({ problem: { kind: 'unavailable' } });
    expect(connection.asked).toHaveLength(1);
  });

  test('does not begin on a connection that is not open', async () => {
    const connection = new HandConnection();
    connection.status = broken;
    const peer = relayPeer(connection as unknown as SyncConnection, { closesConnection: false });
    await expect(peer.exchange(turn, signal)).rejects.toMatchObject({ problem: { kind: 'unavailable' } });
    expect(connection.asked).toEqual([]);
  });

  test('ends with the signal of who asks, with its reason', async () => {
    const { connection, peer } = begin();
    connection.answer = never;
    const giveUp = new AbortController();
    const exchange = peer.exchange(turn, giveUp.signal);
    giveUp.abort(new Error('Enough.'));
    await expect(exchange).rejects.toThrow('Enough.');
  });

  test.each([true, false])(
    'closed, it leaves no listener; the connection goes with it: %s',
    async (closes) => {
      const { connection, peer } = begin(closes);
      connection.answer = never;
      const exchange = peer.exchange(turn, signal);
      expect(connection.listeners.size).toBe(1);
      peer.close();
      peer.close();
      expect([connection.listeners.size, connection.closed]).toEqual([0, closes ? 1 : 0]);
      await expect(exchange).rejects.toMatchObject({ problem: { kind: 'unavailable' } });
      await expect(peer.exchange(turn, signal)).rejects.toMatchObject({ problem: { kind: 'unavailable' } });
    },
  );
});

test('who has no identity behind the connection does not synchronise on it, and leaves nothing behind', async () => {
  const connection = new HandConnection();
  await expect(
    openSync(connection as unknown as SyncConnection, { space: new MemorySpace() }),
  ).rejects.toMatchObject({ problem: { kind: 'forbidden' } });
  expect(connection.listeners.size).toBe(0);
});
