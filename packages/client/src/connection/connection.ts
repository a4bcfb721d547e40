import {
  isProblem,
  ProblemError,
  problemOf,
  type ICdPushEnvelop,
  type Problem,
  type PushAnswer,
  type UpEvents,
} from '@cd-push/protocol';
import type { Signing } from '@cd-push/timeline';
import { Manager, type Socket } from 'socket.io-client';

import { waitMsAfter, type Backoff } from '../backoff.ts';
import type { RelayClock } from '../clock/relay-clock.ts';
import {
  renewAheadMs,
  type AccessToken,
  type PersonSession,
  type SessionSource,
  type Signer,
  type TokenSource,
} from '../session/access.ts';
import { orAborted } from '../or-aborted.ts';
import { problemFrom } from '../problem-from.ts';
import {
  allAnswers,
  readPushAnswer,
  readRequestAnswer,
  runtimeAnswers,
  type AnswerChecks,
  type RequestEvent,
  type Requests,
  type RuntimeRequestEvent,
  type StatementEvent,
} from './answers.ts';
import { cutOf, type ConnectionStatus } from './connection-status.ts';
import { proveByChallenge, type Prove } from './prove.ts';

/** Asks on the connection that has just been made, before it counts as open. */
export type Ask<Event extends RequestEvent = RequestEvent> = <Asked extends Event>(
  event: Asked,
  payload: Requests[Asked]['payload'],
) => Promise<Requests[Asked]['value']>;

export interface ConnectOptions<Event extends RequestEvent = RequestEvent> {
  readonly relayUrl: string;
  /**
   * Who connects. Its token is renewed, here and at the relay, before it expires. A person connects with a session for each
   * connection, and answers the relay's challenge by it before anything else.
   */
  readonly session: TokenSource | SessionSource;
  /** Runs on every connection, the first and each later one, before anything else is sent: a runtime says hello here. */
  readonly greet?: (ask: Ask<Event>) => Promise<void>;
}

/** How long the relay may take to answer before the same message is sent again or given up. */
const answerWithinMs = 10_000;
const backoff: Backoff = { firstMs: 200, lastMs: 5_000 };
/** A timer's count has 31 bits; a longer one would fire at once. */
const longestTimerMs = 2 ** 31 - 1;
/** Refusals in a row, each after a fresh token, after which the session is taken to be no good. */
const refusalsAllowed = 2;

/**
 * One authenticated connection to a relay. It comes back by itself, with jittered backoff and a fresh token, until it is
 * closed or refused for good. Nothing is sent on a connection that is not open: what was waiting is sent after the
 * greeting.
 */
export class Connection<Event extends RequestEvent = RequestEvent> {
  readonly clock: RelayClock;
  readonly relayUrl: string;
  readonly #socket: Socket;
  readonly #session: TokenSource | SessionSource;
  /** The session of this connection, of a person. */
  #person: PersonSession | undefined;
  readonly #answers: AnswerChecks<Event | 'renew-session'>;
  readonly #prove: Prove | undefined;
  readonly #greet: ((ask: Ask<Event>) => Promise<void>) | undefined;
  readonly #statusListeners = new Set<(status: ConnectionStatus) => void>();
  #status: ConnectionStatus = { state: 'connecting' };
  #shown: AccessToken | undefined;
  #mustRenew = false;
  #refusals = 0;
  #failures = 0;
  #said: Problem | undefined;
  #renewTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    { relayUrl, session, greet }: ConnectOptions<Event>,
    answers: AnswerChecks<Event | 'renew-session'>,
    prove?: Prove,
  ) {
    this.clock = session.clock;
    this.relayUrl = relayUrl;
    this.#session = session;
    this.#answers = answers;
    this.#prove = prove;
    this.#greet = greet;
    // A manager of its own: a page may hold connections to several relays, or two sessions to one.
    const manager = new Manager(new URL(relayUrl, globalThis.location?.href).origin, {
      transports: ['websocket'],
      autoConnect: false,
      reconnectionDelay: backoff.firstMs,
      reconnectionDelayMax: backoff.lastMs,
      randomizationFactor: 0.5,
    });
    this.#socket = manager.socket('/', { auth: (show) => void this.#showToken(show) });
    this.#socket.on('connect', () => void this.#welcomed());
    this.#socket.on('connect_error', (error: Error & { data?: unknown }) => void this.#refused(error));
    this.#socket.on('disconnect', (reason, details) => this.#cut(reason, closeCodeOf(details)));
    this.#socket.on('problem', (problem: unknown) => {
      if (isProblem(problem)) this.#said = problem;
    });
    this.#socket.connect();
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** The session by which this connection was made, of a person; what it sends has to be signed by it. */
  get signer(): Signer | undefined {
    return this.#person;
  }

  /**
   * What signs turns of synchronisations on this connection while it is open, and judges the relay's; given once.
   *
   * @throws ProblemError `forbidden` where no identity is behind the connection, or it was given before.
   */
  syncSigning(): Signing {
    if (this.#person !== undefined) return this.#person.syncSigning();
    const detail = 'No identity is behind this connection.';
    throw new ProblemError(problemOf('forbidden', { detail }));
  }

  /** Hears every change of the status from now on. */
  onStatus(listener: (status: ConnectionStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /** Hears an event by its name; payload and bytes are as they came off the socket, for the listener to parse. */
  on(event: string, listener: (payload: unknown, bytes: unknown) => void): () => void {
    this.#socket.on(event, listener);
    return () => this.#socket.off(event, listener);
  }

  /**
   * Resolves when the connection is open.
   *
   * @param patience `first-failure` gives up when the relay cannot be reached; the default keeps trying until `signal`.
   * @throws ProblemError why it ended, or why the first try failed; the signal's reason.
   */
  async opened({
    signal,
    patience,
  }: { signal?: AbortSignal | undefined; patience?: 'first-failure' } = {}): Promise<void> {
    const settled = (status: ConnectionStatus): boolean => {
      if (status.state === 'ended') throw new ProblemError(status.problem);
      if (status.state === 'open') return true;
      if (patience === 'first-failure' && status.problem !== undefined)
        throw new ProblemError(status.problem);
      return false;
    };
    signal?.throwIfAborted();
    if (settled(this.#status)) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const hear = (status: ConnectionStatus): void => {
      try {
        if (settled(status)) resolve();
      } catch (error) {
        reject(error);
      }
    };
    const forget = this.onStatus(hear);
    try {
      await orAborted(promise, signal);
    } finally {
      forget();
    }
  }

  /**
   * Asks the relay. A question that a broken connection swallowed is asked again on the next one.
   *
   * @param onAnswer called as the answer comes, before anything that the relay said after it is heard.
   * @throws ProblemError the relay's problem, `timeout`, or why the connection ended; the signal's reason.
   */
  async request<Asked extends Event | 'renew-session'>(
    event: Asked,
    payload: Requests[Asked]['payload'],
    { signal, onAnswer }: { signal?: AbortSignal; onAnswer?: () => void } = {},
  ): Promise<Requests[Asked]['value']> {
    for (;;) {
      await this.opened({ signal });
      const reply = await orAborted(this.#emitForAnswer(event, payload, onAnswer), signal);
      if (reply.came === 'answer') return readRequestAnswer(event, this.#answers[event], reply.answer);
      if (reply.came === 'late')
        throw new ProblemError(problemOf('timeout', { detail: `The relay did not answer ${event}.` }));
    }
  }

  /**
   * Sends a push under its trigger, once. A connection that breaks before the answer, and an answer that does not come,
   * are answers with a problem that is retryable: whether the relay took the push is not known then.
   *
   * @throws ProblemError why the connection ended; the signal's reason.
   */
  async push(
    trigger: string,
    envelope: ICdPushEnvelop,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<PushAnswer> {
    signal?.throwIfAborted();
    // Written in the turn of the call, where that can be.
    if (this.#status.state !== 'open') await this.opened({ signal });
    const reply = await orAborted(this.#emitForAnswer(trigger, envelope), signal);
    switch (reply.came) {
      case 'answer':
        return readPushAnswer(reply.answer);
      case 'late':
        return unanswered('timeout', `The relay did not answer within ${answerWithinMs / 1000} s.`);
      case 'nothing':
        return unanswered('unavailable', 'The connection broke before the relay answered.');
      default:
        return reply satisfies never;
    }
  }

  /**
   * Says something that is not answered. On a connection that is not open it is dropped, as the greeting of the next one
   * tells the relay everything anew.
   *
   * @returns whether it was written.
   */
  send<Said extends StatementEvent>(event: Said, payload: Parameters<UpEvents[Said]>[0]): boolean {
    if (this.#status.state !== 'open') return false;
    this.#socket.emit(event, payload);
    return true;
  }

  /** Ends the connection from this side; it does not come back. */
  close(): void {
    this.#end(problemOf('unavailable', { detail: 'The connection was closed on this side.' }));
  }

  async #showToken(show: (auth: object) => void): Promise<void> {
    try {
      const access = await this.#accessToShow();
      this.#mustRenew = false;
      this.#shown = access;
      const { token } = access;
      show(this.#person === undefined ? { token } : { token, genesis: this.#person.genesis });
    } catch (error) {
      this.#failed(problemFrom(error));
    }
  }

  async #accessToShow(): Promise<AccessToken> {
    const shown = this.#shown;
    if (!('connecting' in this.#session)) {
      return this.#mustRenew && shown !== undefined
        ? this.#session.renew(shown.token)
        : this.#session.access();
    }
    const isUsable = this.#person?.isUsable === true && !this.#mustRenew;
    const person = isUsable && this.#person !== undefined ? this.#person : await this.#session.connecting();
    this.#person = person;
    return person.access();
  }

  async #welcomed(): Promise<void> {
    const connected = this.#socket.id;
    const person = this.#person;
    try {
      if (person !== undefined) await this.#prove?.(this.#socket, person);
      await this.#greet?.(async (event, payload) => {
        const reply = await this.#emitForAnswer(event, payload);
        if (reply.came === 'answer') return readRequestAnswer(event, this.#answers[event], reply.answer);
        throw new ProblemError(
          problemOf('unavailable', { detail: `The connection broke before ${event} was answered.` }),
        );
      });
    } catch (error) {
      if (this.#socket.id === connected) this.#failed(problemFrom(error));
      return;
    }
    if (this.#socket.id !== connected) return;
    this.#refusals = 0;
    this.#failures = 0;
    this.#said = undefined;
    if (this.#shown !== undefined) this.#renewBefore(this.#shown);
    this.#become({ state: 'open' });
  }

  /** The relay (with a problem) or the network (without) did not let the connection come about. */
  async #refused(error: Error & { data?: unknown }): Promise<void> {
    const problem = isProblem(error.data) ? error.data : undefined;
    if (problem === undefined && this.#socket.active) {
      // Socket.IO tries again by itself.
      this.#become({
        state: 'connecting',
        problem: problemOf('unavailable', {
          detail: `The relay at ${this.#socket.io.opts.hostname ?? 'the address given'} cannot be reached: ${error.message}.`,
        }),
      });
      return;
    }
    if (problem?.status === 401 && this.#refusals < refusalsAllowed) {
      this.#refusals += 1;
      this.#mustRenew = true;
      this.#socket.connect();
      return;
    }
    this.#failed(
      problem ??
        problemOf('unauthenticated', { detail: `The relay refused the connection: ${error.message}.` }),
    );
  }

  /** Connecting failed on this side or by a refusal: tried again later if that can help, else the end. */
  #failed(problem: Problem): void {
    if (this.#status.state === 'ended') return;
    if (!problem.retryable) {
      this.#end(problem);
      return;
    }
    this.#socket.disconnect();
    this.#become({ state: 'connecting', problem });
    const waitMs = waitMsAfter(backoff, this.#failures, problem.retryAfter);
    this.#failures += 1;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#socket.connect(), waitMs);
  }

  #cut(reason: string, code: number | undefined): void {
    clearTimeout(this.#renewTimer);
    // What Socket.IO held back would go out before the next greeting.
    this.#socket.sendBuffer.length = 0;
    if (this.#status.state === 'ended' || reason === 'io client disconnect') return;
    const cut = cutOf(reason, code, this.#said);
    if (cut.next === 'end') {
      this.#end(cut.problem);
      return;
    }
    this.#mustRenew ||= cut.renew;
    this.#become({ state: 'connecting', problem: cut.problem });
  }

  #end(problem: Problem): void {
    if (this.#status.state === 'ended') return;
    clearTimeout(this.#renewTimer);
    clearTimeout(this.#retryTimer);
    this.#become({ state: 'ended', problem });
    this.#socket.disconnect();
  }

  /** Renews at the api and tells the relay, so that a live connection outlasts its first token. */
  #renewBefore(access: AccessToken): void {
    clearTimeout(this.#renewTimer);
    const leftMs = access.expiresAt - this.clock.now();
    const waitMs = Math.max(leftMs / 2, leftMs - renewAheadMs);
    this.#renewTimer = setTimeout(
      () => void this.#renew(access),
      Math.min(Math.max(0, waitMs), longestTimerMs),
    );
  }

  async #renew(old: AccessToken): Promise<void> {
    try {
      const access = await (this.#person ?? this.#session).renew(old.token);
      this.#shown = access;
      await this.request('renew-session', { token: access.token });
      this.#renewBefore(access);
    } catch (error) {
      // The relay cuts at the expiry and says so; a session that cannot be renewed then ends at the next connect.
      const problem = problemFrom(error);
      if (problem.status === 401) this.#end(problem);
      else if (this.#status.state === 'open' && old.expiresAt > this.clock.now()) this.#renewBefore(old);
    }
  }

  async #emitForAnswer(
    event: string,
    payload: object,
    onAnswer?: () => void,
  ): Promise<{ came: 'answer'; answer: unknown } | { came: 'late' } | { came: 'nothing' }> {
    const connected = this.#socket.id;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#socket.timeout(answerWithinMs).emit(event, payload, (error: Error | null, answer: unknown) => {
      if (error !== null) return reject(error);
      onAnswer?.();
      resolve(answer);
    });
    try {
      return { came: 'answer', answer: await promise };
    } catch {
      return { came: this.#socket.connected && this.#socket.id === connected ? 'late' : 'nothing' };
    }
  }

  #become(status: ConnectionStatus): void {
    this.#status = status;
    for (const listener of this.#statusListeners) listener(status);
  }
}

const unanswered = (kind: 'timeout' | 'unavailable', detail: string): PushAnswer => ({
  status: false,
  error: problemOf(kind, { detail }),
});

/** Starts a connection; {@link Connection.opened} tells when it is there. */
export const connect = (options: ConnectOptions): Connection =>
  new Connection<RequestEvent>(options, allAnswers, proveByChallenge);

/** Starts a runtime's connection, which understands no more answers than a runtime gets. */
export const connectRuntime = (
  options: ConnectOptions<RuntimeRequestEvent>,
): Connection<RuntimeRequestEvent> => new Connection<RuntimeRequestEvent>(options, runtimeAnswers);

/** The WebSocket's close code, which Socket.IO hands on inside its transport's close event. */
const closeCodeOf = (details: unknown): number | undefined => {
  if (typeof details !== 'object' || details === null || !('context' in details)) return undefined;
  const { context } = details;
  if (typeof context !== 'object' || context === null || !('code' in context)) return undefined;
  return typeof context.code === 'number' ? context.code : undefined;
};
