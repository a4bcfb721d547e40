import { createParser, type EventSourceMessage } from 'eventsource-parser';

import { ProblemError, problemOf } from '@cd-push/protocol';

import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { causesOf } from '../until-it-works.ts';
import { changeEvent, changeOf } from './api-answers.ts';
import type { ChangeListener } from './authority.ts';

/** A revocation must have its effect within 5 s of the api being back: no pause comes near that. */
const firstPauseMs = 100;
const longestPauseMs = 1_000;
/** The api says that it is there every 15 s; a stream that is silent for longer is half-open. */
const silentForMs = 40_000;

/**
 * Follows the api's change feed (server-sent events) from where it stands at the first connection, and goes on from the
 * last event at each later one.
 */
export class ChangeFeed {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #listener: ChangeListener;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stopped: AbortSignal;
  #lastId: string | undefined;

  constructor(
    url: string,
    headers: Readonly<Record<string, string>>,
    listener: ChangeListener,
    clock: Clock,
    log: Log,
    stopped: AbortSignal,
  ) {
    this.#url = url;
    this.#headers = headers;
    this.#listener = listener;
    this.#clock = clock;
    this.#log = log;
    this.#stopped = stopped;
  }

  /** Resolves when the feed is followed for the first time; rejects if that fails. Later gaps are closed in silence. */
  async start(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = this.#read(resolve);
    // Before it is followed the end of the stream is a failure; after that it is a gap.
    await Promise.race([promise, first.then(() => Promise.reject(unreachable()))]);
    void this.#goOn(first);
  }

  async #goOn(first: Promise<void>): Promise<void> {
    let reading = first;
    let pauseMs = firstPauseMs;
    let said: string | undefined;
    while (!this.#stopped.aborted) {
      try {
        await reading;
      } catch (error) {
        if (this.#stopped.aborted) return;
        const reason = causesOf(error);
        if (reason !== said) this.#log.warn({ reason }, 'The api’s change feed was cut.');
        said = reason;
      }
      await this.#pause(pauseMs);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      reading = this.#read(() => {
        pauseMs = firstPauseMs;
        said = undefined;
      });
    }
    await reading.catch(() => {});
  }

  /** Reads one stream to its end. */
  async #read(followed: () => void): Promise<void> {
    const silent = new AbortController();
    const signal = AbortSignal.any([this.#stopped, silent.signal]);
    let cancelSilence = this.#clock.after(silentForMs, () => silent.abort());
    try {
      const resume = this.#lastId === undefined ? {} : { 'last-event-id': this.#lastId };
      const response = await fetch(this.#url, {
        headers: { ...this.#headers, ...resume, accept: 'text/event-stream' },
        signal,
      });
      if (!response.ok || response.body === null) {
        await response.body?.cancel();
        throw new Error(`The api answered ${response.status} to the change feed.`);
      }
      const parser = createParser({ onEvent: (event) => this.#take(event, followed) });
      const text = new TextDecoder();
      const body: ReadableStream<Uint8Array> = response.body;
      for await (const chunk of body) {
        cancelSilence();
        cancelSilence = this.#clock.after(silentForMs, () => silent.abort());
        parser.feed(text.decode(chunk, { stream: true }));
      }
    } finally {
      cancelSilence();
    }
  }

  #take({ id, event, data }: EventSourceMessage, followed: () => void): void {
    const isFirst = this.#lastId === undefined;
    if (id !== undefined) this.#lastId = id;
    if (event === 'ready' || event === 'reset') {
      followed();
      if (event === 'reset') this.#listener.reset();
      else if (!isFirst) this.#listener.resumed();
      return;
    }
    let change: unknown;
    try {
      change = JSON.parse(data);
    } catch {
      change = undefined;
    }
    if (!changeEvent.Check(change)) {
      // A kind that only a later version of the api knows changes nothing here.
      this.#log.warn({ event: event ?? null }, 'A change of an unknown kind was passed over.');
      return;
    }
    const known = changeOf(change);
    if (known !== undefined) this.#listener.changed(known);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#stopped.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#clock.after(ms, done);
      this.#stopped.addEventListener('abort', done, { once: true });
    });
  }
}

const unreachable = (): ProblemError =>
  new ProblemError(
    problemOf('unavailable', { detail: 'The api’s change feed cannot be reached.', retryAfter: 1 }),
  );
