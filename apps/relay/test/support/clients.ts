import {
  epochMs,
  protocolVersion,
  type Head,
  type ICdPushEnvelop,
  type Problem,
  type PushAnswer,
  type TrackNotice,
  type Welcome,
} from '@cd-push/protocol';
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';

/** A frame that came down: the event's name and its payload. */
export type Frame = readonly [event: string, payload: unknown];

/** Ends a test that waits for what never comes. */
const hangsMs = 30_000;

/** A real Socket.IO client that keeps every frame it gets, in order. */
export class Client {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  readonly closed: Promise<{ reason: string; code: number | undefined }>;
  #read = 0;
  #wake: () => void = () => {};

  constructor(url: string, auth: object, options: Partial<ManagerOptions & SocketOptions> = {}) {
    this.socket = io(url, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      autoConnect: false,
      auth,
      ...options,
    });
    this.socket.onAny((event: string, payload: unknown) => {
      this.frames.push([event, payload]);
      this.#wake();
    });
    const { promise, resolve } = Promise.withResolvers<{ reason: string; code: number | undefined }>();
    this.closed = promise;
    this.socket.on('disconnect', (reason, details) => resolve({ reason, code: codeOf(details) }));
  }

  /** Resolves when connected; rejects with the problem of the refusal. */
  connected(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.socket.once('connect', () => resolve(this));
      this.socket.once('connect_error', (error: Error & { data?: Problem }) => reject(error));
      this.socket.connect();
    });
  }

  ask<Answer>(event: string, payload: unknown): Promise<Answer> {
    return this.socket.timeout(hangsMs).emitWithAck(event, payload) as Promise<Answer>;
  }

  push({ pushData, ...rest }: ICdPushEnvelop): Promise<PushAnswer> {
    return this.ask(pushData.triggerEvent, { pushData, ...rest });
  }

  /** The next frame that was not read yet, which must have this name. */
  async next<Payload>(event: string): Promise<Payload> {
    const [name, payload] = await this.nextFrame();
    if (name !== event)
      throw new Error(`Expected ${event}, got ${name}: ${JSON.stringify(payload).slice(0, 500)}`);
    return payload as Payload;
  }

  async nextFrame(): Promise<Frame> {
    const timeout = AbortSignal.timeout(hangsMs);
    for (;;) {
      const frame = this.frames[this.#read];
      if (frame !== undefined) {
        this.#read += 1;
        return frame;
      }
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        timeout.addEventListener('abort', () => reject(new Error('No further frame came.')), { once: true });
      });
    }
  }

  /** Reads frames up to one of this name that fits. */
  async until<Payload>(event: string, fits: (payload: Payload) => boolean = () => true): Promise<Payload> {
    for (;;) {
      const [name, payload] = await this.nextFrame();
      if (name === event && fits(payload as Payload)) return payload as Payload;
    }
  }

  close(): void {
    this.socket.disconnect();
  }
}

/** A runtime's side of the protocol, acknowledging by hand. */
export class RuntimeClient extends Client {
  async hello(instance: string, heads: readonly Head[] = []): Promise<Welcome> {
    const answer = await this.ask<({ status: true } & Welcome) | { status: false; error: Problem }>(
      'runtime-hello',
      {
        protocol: protocolVersion,
        instance,
        kind: 'node',
        base: null,
        heads,
        retainedBytes: 0,
      },
    );
    if (!answer.status) throw new Error(JSON.stringify(answer.error));
    return answer;
  }

  acknowledge(
    event: 'push-ack' | 'push-msg-complete',
    pushGuid: string,
    statement: string,
    attempt = 1,
  ): void {
    this.socket.emit(event, { pushGuid, attempt, statement, at: epochMs(Date.now()) });
  }

  fail(pushGuid: string, statement: string, problem: Problem, attempt = 1): void {
    this.socket.emit('push-msg-fail', { pushGuid, attempt, statement, at: epochMs(Date.now()), problem });
  }

  /** Takes the next patch in and reports it applied. */
  async apply(statement: string): Promise<ICdPushEnvelop> {
    const envelope = await this.next<ICdPushEnvelop>('apply-runtime-patch');
    const { pushGuid } = envelope.pushData;
    this.acknowledge('push-ack', pushGuid, statement);
    this.acknowledge('push-msg-complete', pushGuid, statement);
    return envelope;
  }
}

export const names = (frames: readonly Frame[]): string[] => frames.map(([event]) => event);

export const recipientsOf = ({ recipients }: TrackNotice): string[] =>
  recipients.map(({ recipient }) => recipient);

const codeOf = (details: unknown): number | undefined => {
  const context = (details as { context?: { code?: number } } | undefined)?.context;
  return context?.code;
};
