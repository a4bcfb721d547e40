import { closeCodes, type CloseReason, type Problem } from '@cd-push/protocol';
import type { Socket } from 'socket.io';
import { WebSocket } from 'ws';

import type { Outlet } from '../peers/peer.ts';

/**
 * What may wait for one peer to read it, behind a message that found nothing waiting: that one may be as long as it is.
 * Past either bound the peer is cut as slow and catches up when it is back; the others never wait for it.
 */
const waitingBytes = 32 * 1024 * 1024;
const waitingMessages = 4_096;
/** A peer that was told to go but does not answer the close frame is left without it. */
const closeWithinMs = 2_000;

/** Owner of slow peers on Socket.IO: what was written, and how much of it still waits in this process. */
export class SocketOutlet implements Outlet {
  readonly #socket: Socket;
  #isCut = false;
  #queuedBytes = 0;
  #queuedMessages = 0;
  /** Length of the message that found nothing waiting. */
  #firstBytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    const { conn } = socket;
    conn.on('packetCreate', ({ data }: { data?: unknown }) => {
      const length = typeof data === 'string' || data instanceof Uint8Array ? data.length : 0;
      if (this.#isIdle) this.#firstBytes = length;
      this.#queuedMessages += 1;
      this.#queuedBytes += length;
    });
    conn.on('flush', () => {
      this.#queuedMessages = 0;
      this.#queuedBytes = 0;
    });
  }

  get isOpen(): boolean {
    return this.#socket.connected && !this.#isCut;
  }

  emit(event: string, payload: object): void {
    if (!this.isOpen) return;
    this.#socket.emit(event, payload);
    this.cutIfSlow();
  }

  /** After something was written to this peer, by {@link emit} or with others. */
  cutIfSlow(): void {
    const isFull = this.#queuedMessages > waitingMessages || this.#waiting > waitingBytes + this.#firstBytes;
    if (isFull) this.cut('slow');
  }

  cut(reason: CloseReason, problem?: Problem): void {
    if (this.#isCut) return;
    if (problem !== undefined) this.#socket.emit('problem', problem);
    this.#isCut = true;
    const { code, sentence } = closeCodes[reason];
    const webSocket = webSocketOf(this.#socket);
    if (webSocket === undefined) {
      // Long polling has no close codes.
      this.#socket.conn.close();
      return;
    }
    webSocket.close(code, sentence);
    const giveUp = setTimeout(() => webSocket.terminate(), closeWithinMs).unref();
    webSocket.once('close', () => clearTimeout(giveUp));
  }

  async drained(): Promise<void> {
    const { conn } = this.#socket;
    while (this.isOpen && !this.#isIdle) {
      const { transport } = conn;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          transport.off('ready', done);
          conn.off('upgrade', done);
          conn.off('close', done);
          resolve();
        };
        transport.on('ready', done);
        conn.on('upgrade', done);
        conn.on('close', done);
      });
    }
  }

  /** Nothing waits here, and the transport has left what it was given to the system. */
  get #isIdle(): boolean {
    return this.#queuedMessages === 0 && this.#socket.conn.transport.writable;
  }

  get #waiting(): number {
    return this.#queuedBytes + (webSocketOf(this.#socket)?.bufferedAmount ?? 0);
  }
}

/** The WebSocket under a Socket.IO connection, if it runs on one by now. */
const webSocketOf = ({ conn }: Socket): WebSocket | undefined => {
  const transport: object = conn.transport;
  return 'socket' in transport && transport.socket instanceof WebSocket ? transport.socket : undefined;
};
