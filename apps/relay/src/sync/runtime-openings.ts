import {
  ok,
  parse,
  problemOf,
  refuse,
  type ConnectChallenge,
  type Problem,
  type Result,
} from '@cd-push/protocol';
import { openRuntimeDelegation, type SessionState } from '@cd-push/timeline';

import type { Challenge, Challenges } from '../authority/challenges.ts';
import type { Clock } from '../clock.ts';
import type { Peer, RuntimePeer } from '../peers/peer.ts';

interface OpeningPorts {
  readonly challenges: Challenges;
  readonly clock: Clock;
}

/**
 * Sessions by which runtimes mean to synchronise, on connections that are open already: each is challenged as a person's
 * connection is, and has one try. Who fails is no worse off than before, for nothing else rests on such a session.
 */
export class RuntimeOpenings {
  readonly #ports: OpeningPorts;
  readonly #waiting = new Map<string, { readonly challenge: Challenge; readonly forget: () => void }>();

  constructor(ports: OpeningPorts) {
    this.#ports = ports;
  }

  /** Connections that have not answered yet. */
  get size(): number {
    return this.#waiting.size;
  }

  /** What a session has to reveal whose first frame is shown; another one that waits on this connection is forgotten. */
  async open(payload: unknown, peer: RuntimePeer): Promise<Result<ConnectChallenge, Problem>> {
    const { challenges, clock } = this.#ports;
    const opening = parse('OpenSync', payload);
    if (!opening.ok) return opening;
    const { tenant, runtime, key } = peer.session;
    if (key === undefined) return refuse(problemOf('forbidden', { detail: 'No key of it is known.' }));
    const { genesis, delegation } = opening.value;
    const expected = { guid: runtime.guid, tenant, key, at: clock.now() };
    const authority = await openRuntimeDelegation(delegation, expected);
    if (!authority.ok) return authority;
    const challenged = await challenges.of(authority.value, genesis);
    if (!challenged.ok) return challenged;
    if (!peer.outlet.isOpen) return refuse(problemOf('unavailable'));
    this.leave(peer);
    const challenge = challenged.value;
    const forget = challenge.deadline(() => this.#waiting.delete(peer.id));
    this.#waiting.set(peer.id, { challenge, forget });
    return ok(challenge.demand);
  }

  /** Judges what is revealed: the session as it has evolved by that, or why it does not hold. */
  async prove(payload: unknown, peer: Peer): Promise<Result<SessionState, Problem>> {
    const waiting = this.#waiting.get(peer.id);
    if (waiting === undefined) {
      return refuse(problemOf('challenge-failed', { detail: 'Nothing is demanded of this connection.' }));
    }
    this.leave(peer);
    return waiting.challenge.judge(payload);
  }

  leave(peer: Peer): void {
    this.#waiting.get(peer.id)?.forget();
    this.#waiting.delete(peer.id);
  }
}
