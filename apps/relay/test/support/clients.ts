import {
  epochMs,
  protocolVersion,
  type Answer as Answered,
  type ConnectChallenge,
  type ConnectProofAnswer,
  type Head,
  type ICdPushEnvelop,
  type Problem,
  type PublicKey,
  type PushAnswer,
  type RelayCertificate,
  type RelayChallenge,
  type RuntimeHello,
  type TrackNotice,
  type Welcome,
} from '@cd-push/protocol';
import {
  answerChallenge,
  fromBase64url,
  thumbprintOf,
  unpackEnvelope,
  type OwnSession,
  type SessionTurn,
} from '@cd-push/timeline';
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';

import { ownSession } from './memory-authority.ts';

/** A frame that came down: the event's name and its payload. */
export type Frame = readonly [event: string, payload: unknown];

/** Ends a test that waits for what never comes. */
const hangsMs = 30_000;

/** A real Socket.IO client that keeps every frame it gets, in order. */
export class Client {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  /** Those of them that came packed, as they came. */
  readonly packs: Uint8Array[] = [];
  /** Hears each frame as it is kept. */
  hear: (frame: Frame) => void = () => {};
  #unpacked: Promise<void> | undefined;
  readonly #own: OwnSession | undefined;
  readonly closed: Promise<{ reason: string; code: number | undefined }>;
  /** What was proven to which relay, where one demanded it. */
  proven: { readonly turn: SessionTurn; readonly relay: PublicKey } | undefined;
  #read = 0;
  #wake: () => void = () => {};

  constructor(url: string, auth: object, options: Partial<ManagerOptions & SocketOptions> = {}) {
    this.socket = io(url, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      autoConnect: false,
      auth: withGenesis(auth),
      ...options,
    });
    this.#own = ownSession('token' in auth ? auth.token : undefined);
    this.socket.onAny((event: string, payload: unknown, pack?: Uint8Array) => {
      if (event === 'connect-challenge') return;
      if (pack === undefined && this.#unpacked === undefined) this.#keep(event, payload);
      else this.#unpacked = this.#unpack(event, payload, pack, this.#unpacked);
    });
    const { promise, resolve } = Promise.withResolvers<{ reason: string; code: number | undefined }>();
    this.closed = promise;
    this.socket.on('disconnect', (reason, details) => resolve({ reason, code: codeOf(details) }));
  }

  #keep(event: string, payload: unknown): void {
    this.frames.push([event, payload]);
    this.hear([event, payload]);
    this.#wake();
  }

  /** Keeps it after those that came before. */
  async #unpack(
    event: string,
    payload: unknown,
    pack: Uint8Array | undefined,
    before: Promise<void> | undefined,
  ): Promise<void> {
    if (pack !== undefined) this.packs.push(pack);
    const [envelope] = await Promise.all([pack && unpackEnvelope(payload, pack), before]);
    this.#keep(event, envelope ?? payload);
  }

  /** Resolves when connected, with the relay's challenge answered; rejects with the problem of the refusal. */
  async connected(): Promise<this> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const challenged = new Promise<unknown>((hear) => {
      this.socket.once('connect-challenge', hear);
    });
    this.socket.once('connect', resolve);
    this.socket.once('connect_error', (error: Error & { data?: Problem }) => reject(error));
    this.socket.connect();
    await promise;
    if (this.#own !== undefined) await this.#prove(this.#own, (await challenged) as ConnectChallenge);
    return this;
  }

  async #prove(own: OwnSession, { challenge, relayCertificate }: ConnectChallenge): Promise<void> {
    const demand = payloadOf(challenge) as RelayChallenge;
    const { cnf } = payloadOf(relayCertificate) as RelayCertificate;
    const turn = await answerChallenge(own, 'connect', demand.challenge, await thumbprintOf(cnf.jwk));
    if (!turn.ok) throw new Error(turn.problem.detail);
    const answer = await this.ask<Answered<ConnectProofAnswer>>('connect-proof', { step: turn.value.step });
    if (!answer.status) throw Object.assign(new Error(answer.error.title), { data: answer.error });
    this.proven = { turn: turn.value, relay: cnf.jwk };
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
  async hello(
    instance: string,
    heads: readonly Head[] = [],
    more: Partial<RuntimeHello> = {},
  ): Promise<Welcome> {
    const answer = await this.ask<({ status: true } & Welcome) | { status: false; error: Problem }>(
      'runtime-hello',
      {
        protocol: protocolVersion,
        instance,
        kind: 'node',
        base: null,
        heads,
        retainedBytes: 0,
        ...more,
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

const withGenesis = (auth: object): object => {
  const own = ownSession('token' in auth ? auth.token : undefined);
  return own === undefined ? auth : { genesis: own.genesis, ...auth };
};

const payloadOf = (jws: string): unknown =>
  JSON.parse(new TextDecoder().decode(fromBase64url(jws.split('.')[1] ?? '')));
