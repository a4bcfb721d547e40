import type { Duplex } from 'node:stream';

import { problemOf, type Problem } from '@cd-push/protocol';
import type { Socket as Connection } from 'engine.io';

/** What may come in before it is known who sends it: a token of 8 kB, and what belongs to the handshake. */
const strangerBytes = 64 * 1024;
const strangerPackets = 8;
/** One body of a long-polling client that was let in; larger messages go over WebSocket. */
const pollingBytes = 2 * 1024 * 1024;
/** Requests of one connection to be let in. One namespace is served, so that one would do; the others may be mistakes. */
const connects = 4;
/** Connections that have shown no token yet: beyond these bounds the oldest gives way to the latest. */
const idlePerAddress = 256;
const idleAtAll = 8_192;
/** Connections of one address about which the api is being asked. */
const askingPerAddress = 256;

/** Type of Socket.IO's packet that asks to be let in. */
const connectPacket = '0';

/**
 * One connection before, and while, it is let in. It belongs to one peer: whoever asks again while the api is being asked,
 * or too often, or sends much without having been let in, is ended without a word.
 */
class Threshold {
  readonly address: string;
  readonly #connection: Connection;
  #packets = 0;
  #connects = 0;
  isAdmitted = false;
  isAsking = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.address = connection.remoteAddress;
    bodiesUpTo(connection, strangerBytes);
    this.watch(connection.request.socket);
    connection.on('packet', (packet: { readonly type?: unknown; readonly data?: unknown }) =>
      this.#count(packet),
    );
  }

  /** Counts what comes in over a socket until the connection is admitted, however it is framed. */
  watch(socket: Duplex): void {
    let bytes = 0;
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (this.isAdmitted) socket.off('data', count);
      else if (bytes > strangerBytes) {
        this.end();
        socket.destroy();
      }
    };
    // Of a long-polling connection the server reads requests itself, and bounds their bodies.
    if (this.#connection.transport.name !== 'polling' || socket !== this.#connection.request.socket)
      socket.on('data', count);
  }

  get isOpen(): boolean {
    return this.#connection.readyState === 'open';
  }

  admit(): void {
    this.isAdmitted = true;
    bodiesUpTo(this.#connection, pollingBytes);
  }

  end(): void {
    this.#connection.close(true);
    this.#connection.request.socket.destroy();
  }

  #count({ type, data }: { readonly type?: unknown; readonly data?: unknown }): void {
    this.#packets += 1;
    if (type === 'message' && typeof data === 'string' && data.startsWith(connectPacket)) this.#connects += 1;
    if (this.#connects > connects || (!this.isAdmitted && this.#packets > strangerPackets)) this.end();
  }
}

/** All connections, as far as they are not let in yet. */
export class Thresholds {
  readonly #all = new WeakMap<Connection, Threshold>();
  readonly #idle = new Set<Threshold>();
  readonly #idleOf = new Map<string, Set<Threshold>>();
  readonly #askingOf = new Map<string, number>();

  open(connection: Connection): void {
    const threshold = new Threshold(connection);
    this.#all.set(connection, threshold);
    connection.once('close', () => this.#busy(threshold));
    this.#idles(threshold);
  }

  /** Counts what comes over a second socket of a connection as well: that of its upgrade from long polling. */
  upgrade(connection: Connection, socket: Duplex): void {
    this.#all.get(connection)?.watch(socket);
  }

  /** Has a connection's token looked at, unless that is being done for it, or for too many of its address. */
  async ask<Answer extends object>(
    connection: Connection,
    look: () => Promise<Answer>,
  ): Promise<Answer | { readonly problem: Problem }> {
    const threshold = this.#all.get(connection);
    if (threshold === undefined || threshold.isAsking || threshold.isAdmitted) {
      threshold?.end();
      return { problem: problemOf('invalid-request', { detail: 'A connection belongs to one peer.' }) };
    }
    const { address } = threshold;
    const asking = this.#askingOf.get(address) ?? 0;
    if (asking >= askingPerAddress) return { problem: problemOf('unavailable', { retryAfter: 1 }) };
    this.#askingOf.set(address, asking + 1);
    threshold.isAsking = true;
    this.#busy(threshold);
    try {
      const answer = await look();
      if ('problem' in answer) this.#idles(threshold);
      else threshold.admit();
      return answer;
    } finally {
      threshold.isAsking = false;
      const left = (this.#askingOf.get(address) ?? 1) - 1;
      if (left === 0) this.#askingOf.delete(address);
      else this.#askingOf.set(address, left);
    }
  }

  #idles(threshold: Threshold): void {
    if (!threshold.isOpen) return;
    this.#idle.add(threshold);
    const same = this.#idleOf.get(threshold.address) ?? new Set<Threshold>();
    this.#idleOf.set(threshold.address, same.add(threshold));
    if (same.size > idlePerAddress) first(same)?.end();
    if (this.#idle.size > idleAtAll) first(this.#idle)?.end();
  }

  #busy(threshold: Threshold): void {
    this.#idle.delete(threshold);
    const same = this.#idleOf.get(threshold.address);
    same?.delete(threshold);
    if (same?.size === 0) this.#idleOf.delete(threshold.address);
  }
}

const bodiesUpTo = ({ transport }: Connection, bytes: number): void => {
  if ('maxHttpBufferSize' in transport) transport.maxHttpBufferSize = bytes;
};

const first = <Member>(members: ReadonlySet<Member>): Member | undefined => {
  for (const member of members) return member;
  return undefined;
};
