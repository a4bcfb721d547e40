import { ProblemError, problemOf } from '@cd-push/protocol';

import type { SyntaxCheck } from '../merge/syntax.ts';
import type { Space } from '../space/space.ts';
import { attempt } from './initiator.ts';
import { Relations } from './relations.ts';
import { SagaOver, SagaTurns } from './saga-turns.ts';
import { SignedTurns, type Signing } from './signed-turns.ts';
import { syncLimits, type SyncLimits } from './sync-limits.ts';
import type { SyncPeer } from './sync-peer.ts';
import type { SyncResult, SyncWanted } from './sync-result.ts';

export interface SyncSessionOptions {
  readonly peer: SyncPeer;
  /** This side's. */
  readonly space: Space;
  readonly signing: Signing;
  /** Parsers that judge finer merges of texts; without them texts are merged by their lines alone. */
  readonly syntax?: SyntaxCheck | undefined;
  /** Of the space; made anew by default. */
  readonly relations?: Relations | undefined;
  readonly limits?: SyncLimits | undefined;
  /** Whether the connection serves further sagas; by default it is closed with the first. */
  readonly isKeptOpen?: boolean | undefined;
}

/** One synchronisation under way. */
export interface Saga {
  readonly id: string;
  /**
   * Resolves once both sides have the same.
   *
   * @throws {ProblemError} what does not hold, here or there; `sync-aborted` and `tip-moved` among it. The reason of the
   *   signal. Whether the other side has committed is not known where it did not answer.
   */
  readonly done: Promise<SyncResult>;
}

/**
 * Synchronises this side's space with that of a peer, one saga after the other. Whatever fails but what both sides
 * know to be over ends the session and its connection: two sessions that no longer agree on what was signed last never will.
 */
export class SyncSession {
  readonly #peer: SyncPeer;
  readonly #space: Space;
  readonly #signed: SignedTurns;
  readonly #syntax: SyntaxCheck | undefined;
  readonly #relations: Relations;
  readonly #limits: SyncLimits;
  readonly #isKeptOpen: boolean;
  readonly #closed = new AbortController();
  #last: Promise<unknown> = Promise.resolve();

  constructor({ peer, space, signing, syntax, relations, limits, isKeptOpen }: SyncSessionOptions) {
    this.#peer = peer;
    this.#space = space;
    this.#signed = new SignedTurns(signing);
    this.#syntax = syntax;
    this.#relations = relations ?? new Relations(space);
    this.#limits = limits ?? syncLimits;
    this.#isKeptOpen = isKeptOpen ?? false;
  }

  get isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  /** Begins a saga as soon as those before it have ended. */
  sync(wanted: SyncWanted, { signal }: { readonly signal?: AbortSignal } = {}): Saga {
    const until = signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal]);
    const turns = new SagaTurns(this.#peer, this.#signed, until, this.#limits.turns);
    const done = this.#last.then(() => this.#run(wanted, turns));
    this.#last = done.catch(() => undefined);
    return { id: turns.id, done };
  }

  /** Ends the session: a saga that is under way fails, and none begins. A second call changes nothing. */
  disconnect(): void {
    if (this.isClosed) return;
    this.#closed.abort(
      new ProblemError(problemOf('unavailable', { detail: 'The synchronisation was ended on this side.' })),
    );
    this.#peer.close();
  }

  async #run(wanted: SyncWanted, turns: SagaTurns): Promise<SyncResult> {
    try {
      const result = await this.#attempts(wanted, turns);
      if (!this.#isKeptOpen) this.disconnect();
      return result;
    } catch (error) {
      if (!(error instanceof SagaOver) || !this.#isKeptOpen) this.disconnect();
      throw error;
    }
  }

  async #attempts(wanted: SyncWanted, turns: SagaTurns): Promise<SyncResult> {
    const { attempts } = this.#limits;
    for (let tried = 1; ; tried += 1) {
      const ended = await attempt(wanted, {
        space: this.#space,
        relations: this.#relations,
        signed: this.#signed,
        turns,
        syntax: this.#syntax,
        limits: this.#limits,
      });
      if (ended.outcome === 'synced') {
        await this.#signed.keepIfMany(this.#space);
        const { timelines, sent, received } = ended;
        return { saga: turns.id, timelines, sent, received, turns: turns.count, attempts: tried };
      }
      if (tried === attempts) {
        const detail = `Tips have moved ${attempts} times while they were synchronised.`;
        throw new SagaOver(problemOf('tip-moved', { detail, resource: ended.timeline }));
      }
    }
  }
}
