import { setTimeout as sleep } from 'node:timers/promises';
import { connect, Publisher, type Connection, type Session } from '@cd-push/client';
import { ProblemError, type Problem, type PushView } from '@cd-push/protocol';

import type { HistoryWriter } from '../history/history-writer.ts';
import { signIn } from '../run/installation.ts';
import { environment, operator, targets } from '../run/settings.ts';
import { noteView } from './observer.ts';

const againMs = 250;

/** Somebody who looks after the installation: asks where pushes stand, and has those that failed tried again. */
export class Operator {
  readonly #apiUrl: string;
  readonly #relayUrl: string;
  readonly #writer: HistoryWriter;
  #open: { readonly session: Session; readonly connection: Connection } | undefined;
  #opening: Promise<Connection> | undefined;

  constructor(apiUrl: string, relayUrl: string, writer: HistoryWriter) {
    this.#apiUrl = apiUrl;
    this.#relayUrl = relayUrl;
    this.#writer = writer;
  }

  /** Where a push stands, noted for the history; undefined where the relay does not know it. */
  async read(pushGuid: string, signal: AbortSignal): Promise<PushView | undefined> {
    for (;;) {
      const connection = await this.#connection(signal);
      try {
        const { push } = await connection.request('get-track', { pushGuid }, { signal });
        noteView(push, this.#writer);
        if (push.pushGuid === pushGuid) return push;
        // Told of another one: this one it does not know.
        this.#writer.tell({ kind: 'absent', push: pushGuid });
        return undefined;
      } catch (error) {
        const problem = problemOf(error, signal);
        if (problem.kind === 'not-found') {
          this.#writer.tell({ kind: 'absent', push: pushGuid });
          return undefined;
        }
        await sleep((problem.retryAfter ?? 0) * 1000 + againMs);
      }
    }
  }

  /** Has it tried again where it failed. Where that cannot be, there is a reason that the relay gives, and nothing is done. */
  async retry(pushGuid: string, signal: AbortSignal): Promise<void> {
    const connection = await this.#connection(signal);
    try {
      await connection.request('retry-push', { pushGuid, stages: ['failed'] }, { signal });
    } catch (error) {
      problemOf(error, signal);
    }
  }

  /** Has every program note what it holds. */
  async askForState(signal: AbortSignal): Promise<void> {
    const connection = await this.#connection(signal);
    const session = this.#open?.session;
    if (session === undefined) return;
    const publisher = new Publisher({ connection, session });
    try {
      const push = publisher.operate({ environment, targets, operation: 'tell-state', args: {} });
      await push.settled('completed', { signal });
    } finally {
      publisher.close();
    }
  }

  close(): void {
    this.#open?.connection.close();
  }

  async #connection(signal: AbortSignal): Promise<Connection> {
    const open = this.#open?.connection;
    if (open !== undefined && open.status.state !== 'ended') return open;
    this.#opening ??= this.#connect(signal).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #connect(signal: AbortSignal): Promise<Connection> {
    for (;;) {
      signal.throwIfAborted();
      try {
        const session = await signIn(this.#apiUrl, operator);
        const connection = connect({ relayUrl: this.#relayUrl, session });
        this.#open = { session, connection };
        return connection;
      } catch {
        await sleep(againMs);
      }
    }
  }
}

/** Why a question was not answered well. Anything that is no problem of the relay's, or an end of the run, is thrown on. */
const problemOf = (error: unknown, signal: AbortSignal): Problem => {
  signal.throwIfAborted();
  if (error instanceof ProblemError) return error.problem;
  throw error;
};
