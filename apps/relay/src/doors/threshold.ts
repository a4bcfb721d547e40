import type { Duplex } from 'node:stream';

import { problemOf, type Problem } from '@cd-push/protocol';
import type { Socket as Connection } from 'engine.io';

import type { Asking } from './asking.ts';
import type { ClientAddress } from './client-address.ts';

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

/** Type of Socket.IO's packet that asks to be let in. */
const connectPacket = '0';

/**
 * One connection before, and while, it is let in. It belongs to one peer: whoever asks again while the api is being asked,
 * or too often, or sends much without having been let in, is ended without a word.
 */
class Threshold {
  readonly address: string;
  readonly #connection: Connection;
  /** Of the request that began it; the request itself is let go of once the connection is in. */
  readonly #socket: Duplex;
  #packets = 0;
  #connects = 0;
  isAdmitted = false;
  /** Whether a good token was shown: what follows is to prove whose connection it is. */
  isNamed = false;
  isAsking = false;

  constructor(connection: Connection, address: string) {
    this.#connection = connection;
    this.#socket = connection.request.socket;
    this.address = address;
    bodiesUpTo(connection, strangerBytes);
    this.watch(this.#socket);
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
    if (this.#connection.transport.name !== 'polling' || socket !== this.#socket) socket.on('data', count);
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
    this.#socket.destroy();
  }

  #count({ type, data }: { readonly type?: unknown; readonly data?: unknown }): void {
    this.#packets += 1;
    if (type === 'message' && typeof data === 'string' && data.startsWith(connectPacket)) this.#connects += 1;
    if (this.#connects > connects || (!this.isAdmitted && this.#packets > strangerPackets)) this.end();
  }
}

/** All connections, as far as they are not let in yet. */
export class Thresholds {
  readonly #addressOf: ClientAddress;
  readonly #all = new WeakMap<Connection, Threshold>();
  readonly #idle = new Set<Threshold>();
  readonly #idleOf = new Map<string, Set<Threshold>>();
  readonly #asking: Asking;

  constructor(addressOf: ClientAddress, asking: Asking) {
    this.#addressOf = addressOf;
    this.#asking = asking;
  }

  open(connection: Connection): void {
    const threshold = new Threshold(connection, this.#addressOf(connection.request));
    this.#all.set(connection, threshold);
    connection.once('close', () => this.#busy(threshold));
    this.#idles(threshold);
  }

  /** Counts what comes over a second socket of a connection as well: that of its upgrade from long polling. */
  upgrade(connection: Connection, socket: Duplex): void {
    this.#all.get(connection)?.watch(socket);
  }

  /** Lifts the bounds of a connection that was let in. */
  admit(connection: Connection): void {
    this.#all.get(connection)?.admit();
  }

  /** Has a connection's token looked at, unless that is being done for it, or for too many of its address. */
  async ask<Answer extends object>(
    connection: Connection,
    look: () => Promise<Answer>,
  ): Promise<Answer | { readonly problem: Problem }> {
    const threshold = this.#all.get(connection);
    if (threshold === undefined || threshold.isAsking || threshold.isNamed) {
      threshold?.end();
      return { problem: problemOf('invalid-request', { detail: 'A connection belongs to one peer.' }) };
    }
    return this.#asking.ask(threshold.address, async () => {
      threshold.isAsking = true;
      this.#busy(threshold);
      try {
        const answer = await look();
        threshold.isNamed = !('problem' in answer);
        if (!threshold.isNamed) this.#idles(threshold);
        return answer;
      } finally {
        threshold.isAsking = false;
      }
    });
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
