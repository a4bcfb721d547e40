import {
  ok,
  problemOf,
  refuse,
  type Problem,
  type Result,
  type SessionFrame,
  type SessionGenesis,
  type SessionOrigin,
  type SessionStep,
} from '@cd-push/protocol';

import type { Awaitable } from '../crypto/port.ts';
import { claimIn, follow } from '../identity/followed-identity.ts';
import { signContext, type OwnSession } from '../identity/own-session.ts';
import { sessionAddressOf, sessionKind } from '../identity/session-frame.ts';
import {
  advanceSession,
  beginSession,
  type SessionAuthority,
  type SessionState,
} from '../identity/session-state.ts';
import type { Address } from '../objects/address.ts';

/** What a context travels with. */
export interface ContextSignature {
  /** Of the session's frame that claims the context. */
  readonly signature: string;
  /** Of the session's first frame, where the session begins with it. */
  readonly opening?: string | undefined;
}

/** Evolves this side's session with every context that it signs. */
export interface TurnSigner {
  sign(context: Address): Awaitable<SignedStep>;
}

/** The signature of a context, and the frames by which the session is longer. */
export interface SignedStep extends ContextSignature {
  readonly frames: readonly SessionFrame[];
}

/** Follows the other side's session. */
export interface TurnVerifier {
  /** The frames that it is longer by, if the signature holds: everything else of them is known here. */
  verify(context: Address, signature: ContextSignature): Awaitable<Result<readonly SessionFrame[], Problem>>;
  /** Why what is said of the session's origin is not true, if so: `bad-identity`. */
  originFault(origin: SessionOrigin): Awaitable<Problem | undefined>;
}

/** Signs with a session that nothing else evolves meanwhile. */
export class SessionSigner implements TurnSigner {
  #session: OwnSession;
  #isNew: boolean;

  /** @param isNew whether the other side is to hear of the session with the first turn; see `opening` of a turn. */
  constructor(session: OwnSession, { isNew = false }: { readonly isNew?: boolean } = {}) {
    this.#session = session;
    this.#isNew = isNew;
  }

  /** The session as it is now. */
  get session(): OwnSession {
    return this.#session;
  }

  async sign(context: Address): Promise<SignedStep> {
    const { genesis } = this.#session;
    const { step, session } = await signContext(this.#session, 'sync', context);
    this.#session = session;
    const { signature } = step;
    if (!this.#isNew) return { signature, frames: [step] };
    this.#isNew = false;
    return { signature, opening: genesis.signature, frames: [genesis, step] };
  }
}

/** Verifies against a session that nothing else advances meanwhile. */
export class SessionVerifier implements TurnVerifier {
  readonly #begun: SessionState;
  #state: SessionState;
  readonly #now: () => number;

  /** @param now milliseconds since the epoch. */
  constructor(state: SessionState, now: () => number) {
    this.#begun = state;
    this.#state = state;
    this.#now = now;
  }

  /** What is known of the session now. */
  get state(): SessionState {
    return this.#state;
  }

  async verify(context: Address, { signature }: ContextSignature): Promise<Result<[SessionStep], Problem>> {
    const step: SessionStep = {
      kind: sessionKind,
      n: this.#state.n + 1,
      previous: this.#state.tip,
      claim: { verb: 'sync', target: context },
      signature,
    };
    const advanced = await advanceSession(this.#state, step, { at: this.#now() });
    if (!advanced.ok) return advanced;
    this.#state = advanced.value;
    return ok([step]);
  }

  async originFault({ delegation, frames }: SessionOrigin): Promise<Problem | undefined> {
    const { session, principal, key, tip } = this.#begun;
    let last: Address | undefined;
    for (const [index, frame] of frames.entries()) {
      if (frame.previous !== (last ?? null))
        return bad(`/frames/${index}`, 'The frames do not follow each other.');
      last = await sessionAddressOf(frame);
      if (index === 0 && last !== session)
        return bad('/frames/0', 'This is the first frame of another session.');
    }
    if (last !== tip) return bad('/frames', 'The session has signed its first turn after another frame.');
    if (delegation === undefined) return undefined;
    const followed = await follow(undefined, delegation.establishments);
    if (!followed.ok) return followed.problem;
    const fault = await claimIn(followed.value, delegation.claim);
    if (fault !== undefined) return fault;
    const { target, key: claimed } = delegation.claim;
    return followed.value.identity === principal && target === session && claimed.x === key.x
      ? undefined
      : bad('/delegation', 'It is of another session.');
  }
}

/** What a session that begins with the first turn is expected to be. */
export interface ExpectedOpening {
  readonly authority: SessionAuthority;
  /** The latest frame of this side's own session. */
  readonly nonce: Address;
}

/** Verifies a session that begins with the first turn: that of somebody who is certified as whom one is connected to. */
export class OpeningVerifier implements TurnVerifier {
  readonly #expected: ExpectedOpening;
  readonly #now: () => number;
  #begun: SessionVerifier | undefined;

  /** @param now milliseconds since the epoch. */
  constructor(expected: ExpectedOpening, now: () => number) {
    this.#expected = expected;
    this.#now = now;
  }

  /** What is known of the session now; undefined before it has begun. */
  get state(): SessionState | undefined {
    return this.#begun?.state;
  }

  async verify(
    context: Address,
    signature: ContextSignature,
  ): Promise<Result<readonly SessionFrame[], Problem>> {
    const { opening } = signature;
    if (this.#begun !== undefined) return this.#begun.verify(context, signature);
    if (opening === undefined) return refuse(bad('/opening', 'The other side’s session has not begun.'));
    const { authority, nonce } = this.#expected;
    const genesis: SessionGenesis = {
      kind: sessionKind,
      n: 0,
      previous: null,
      identity: authority.principal,
      key: authority.key,
      pools: {},
      nonce,
      signature: opening,
    };
    const begun = await beginSession(genesis, { authority, nonce, isChallenged: false });
    if (!begun.ok) return begun;
    this.#begun = new SessionVerifier(begun.value, this.#now);
    const verified = await this.#begun.verify(context, signature);
    return verified.ok ? ok([genesis, ...verified.value]) : verified;
  }

  async originFault(origin: SessionOrigin): Promise<Problem | undefined> {
    return this.#begun === undefined
      ? bad('/frames', 'The session has not begun.')
      : this.#begun.originFault(origin);
  }
}

const bad = (path: string, detail: string): Problem => problemOf('bad-identity', { path, detail });
