import { randomBytes } from 'node:crypto';

import {
  ok,
  parse,
  problemOf,
  refuse,
  type ConnectChallenge,
  type Problem,
  type Result,
} from '@cd-push/protocol';
import {
  advanceSession,
  beginSession,
  demandOf,
  signJws,
  thumbprintOf,
  type Address,
  type SessionAuthority,
  type SessionState,
} from '@cd-push/timeline';

import type { Clock } from '../clock.ts';
import type { RelayIdentity } from './relay-identity.ts';

/** What a person's connection has to answer before anything else of it is heard, and a runtime's before it synchronises. */
export interface Challenge {
  readonly demand: ConnectChallenge;
  /** Calls back when the time to answer is up; answers how not to. */
  deadline(isUp: () => void): () => void;
  /** Judges the answer, once: the session as it has evolved by it, or why it does not hold. */
  judge(proof: unknown): Promise<Result<SessionState, Problem>>;
}

/** Values that are demanded at a time, of the 32 that a session commits to. */
const demanded = 4;
const nonceBytes = 24;
/** How long a connection may take to answer. */
const withinMs = 10_000;
/** Sessions that are remembered to have connected; the latest ones. */
const remembered = 10_000;
/** Connections of one session that have not answered yet. One has to; others are of a network that broke, or nobody's. */
const waitingAtMost = 32;

/**
 * Challenges sessions: each proves for the connection that it is made for, by its own key and by values that it has
 * committed to, that it is the one which its identity has claimed. Whoever has its token alone does not get in.
 */
export class Challenges {
  readonly #identity: RelayIdentity;
  readonly #clock: Clock;
  readonly #connected = new Set<string>();
  /** How many connections of a session are to answer yet. */
  readonly #waiting = new Map<string, number>();

  constructor(identity: RelayIdentity, clock: Clock) {
    this.#identity = identity;
    this.#clock = clock;
  }

  /**
   * What to demand of a session.
   *
   * @param authority whom it was proven to speak for.
   * @param genesis the session's first frame, as it was shown.
   */
  async of(
    authority: SessionAuthority & { readonly session: Address },
    genesis: unknown,
  ): Promise<Result<Challenge, Problem>> {
    const { seal } = this.#identity;
    if (seal === undefined) return refuse(problemOf('unavailable', { retryAfter: 1 }));
    const first = parse('SessionGenesis', genesis, 'bad-identity');
    if (!first.ok) return first;
    const { session } = authority;
    if (this.#connected.has(session)) return refuse(hasConnected);
    if ((this.#waiting.get(session) ?? 0) >= waitingAtMost) return refuse(tooManyWait);
    const begun = await beginSession(first.value, { authority, isChallenged: true });
    if (!begun.ok) return begun;
    const state = begun.value;
    const nonce = randomBytes(nonceBytes).toString('base64url');
    const server = await thumbprintOf(seal.key.publicKey);
    const challenge = demandOf(state, { pool: 'connect', nonce, server, count: demanded });
    if (!challenge.ok) return challenge;
    const jws = await signJws(
      'cd-push-challenge+jws',
      { v: 1, session, challenge: challenge.value },
      seal.key,
    );
    return ok({
      deadline: (isUp) => this.#wait(session, isUp),
      demand: { challenge: jws, relayCertificate: seal.certificate },
      judge: async (given) => {
        const proof = parse('ConnectProof', given, 'challenge-failed');
        if (!proof.ok) return proof;
        const at = this.#clock.now();
        const proven = await advanceSession(state, proof.value.step, { at, challenge: challenge.value });
        if (!proven.ok) return proven;
        // Two that answered at once: one of them is it.
        if (this.#connected.has(session)) return refuse(hasConnected);
        this.#remember(session);
        return proven;
      },
    });
  }

  #wait(session: string, isUp: () => void): () => void {
    this.#waiting.set(session, (this.#waiting.get(session) ?? 0) + 1);
    let isOver = false;
    const leave = (): void => {
      if (isOver) return;
      isOver = true;
      const others = (this.#waiting.get(session) ?? 1) - 1;
      if (others === 0) this.#waiting.delete(session);
      else this.#waiting.set(session, others);
    };
    const cancel = this.#clock.after(withinMs, () => {
      leave();
      isUp();
    });
    return () => {
      leave();
      cancel();
    };
  }

  #remember(session: string): void {
    this.#connected.add(session);
    for (const oldest of this.#connected) {
      if (this.#connected.size <= remembered) break;
      this.#connected.delete(oldest);
    }
  }
}

const tooManyWait = problemOf('rate-limited', {
  detail: 'Too many connections of this session have not answered their challenge.',
  retryAfter: withinMs / 1000,
});

const hasConnected = problemOf('challenge-failed', {
  detail: 'This session has connected before. A connection takes a session of its own.',
});
