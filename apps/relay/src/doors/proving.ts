import { problemOf, type ConnectChallenge } from '@cd-push/protocol';
import type { SessionState } from '@cd-push/timeline';

import type { Challenge } from '../authority/challenges.ts';
import type { Outlet } from '../peers/peer.ts';

/**
 * A connection whose token was good, and which has not yet proven that it is the session's own. Only its proof is heard; it
 * has one try, and some seconds for it.
 */
export class Proving {
  readonly #challenge: Challenge;
  readonly #outlet: Outlet;
  readonly #proven: (keystone: SessionState) => void;
  readonly #forgetDeadline: () => void;
  #stage: 'waiting' | 'judging' | 'over' = 'waiting';

  constructor(challenge: Challenge, outlet: Outlet, proven: (keystone: SessionState) => void) {
    this.#challenge = challenge;
    this.#outlet = outlet;
    this.#proven = proven;
    this.#forgetDeadline = challenge.deadline(() => this.#cut());
  }

  get demand(): ConnectChallenge {
    return this.#challenge.demand;
  }

  /** Whether what comes is still to be taken for a proof, or for nothing. */
  get isOpen(): boolean {
    return this.#stage !== 'over';
  }

  hear(event: string, payload: unknown, reply: ((value: object) => void) | undefined): void {
    if (event !== 'connect-proof' || reply === undefined || this.#stage !== 'waiting') {
      reply?.({
        status: false,
        error: problemOf('unauthenticated', { detail: 'Answer the challenge first.' }),
      });
      this.#cut();
      return;
    }
    this.#stage = 'judging';
    void this.#judge(payload, reply);
  }

  /** The connection is gone, or in. */
  end(): void {
    this.#forgetDeadline();
    this.#stage = 'over';
  }

  async #judge(payload: unknown, reply: (value: object) => void): Promise<void> {
    const judged = await this.#challenge.judge(payload).catch(() => undefined);
    if (!this.isOpen || !this.#outlet.isOpen) return;
    if (judged === undefined || !judged.ok) {
      reply({ status: false, error: judged?.problem ?? problemOf('internal') });
      this.#cut();
      return;
    }
    this.end();
    reply({ status: true, session: judged.value.session });
    // In the same breath, so that what the peer sends on hearing it is a peer's.
    this.#proven(judged.value);
  }

  #cut(): void {
    this.end();
    this.#outlet.cut('unproven');
  }
}
