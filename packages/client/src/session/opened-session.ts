import {
  epochMs,
  isSessionAnswer,
  ProblemError,
  problemOf,
  type ConnectChallenge,
  type ConnectProof,
  type Delegation,
  type Grant,
  type SessionAnswer,
  type SessionGenesis,
} from '@cd-push/protocol';
import type { OwnSession, Signing, SigningKey } from '@cd-push/timeline';

import type { RelayClock } from '../clock/relay-clock.ts';
import { readAnswer } from '../http/read-answer.ts';
import { request } from '../http/request.ts';
import { isFresh, type AccessToken, type PersonSession } from './access.ts';
import type { Account } from './account.ts';
import { answerChallenge } from './challenge.ts';
import type { Opened } from './open-session.ts';
import { proveToRelay, signingBy, type ProvenSession } from './prove-to-relay.ts';
import { timed } from './timed.ts';

/** One session of an identity: its key and secrets live as long as this object and are written nowhere. */
export class OpenedSession implements PersonSession {
  readonly clock: RelayClock;
  readonly id: string;
  readonly key: SigningKey;
  readonly #account: Account;
  readonly #delegation: Delegation;
  #own: OwnSession;
  #answer: SessionAnswer;
  /** What was proven to which relay; undefined before, and once turns are signed upon it. */
  #proven: ProvenSession | undefined;
  #renewing: Promise<AccessToken> | undefined;

  constructor(account: Account, { own, answer, delegation }: Opened, clock: RelayClock) {
    this.#account = account;
    this.#delegation = delegation;
    this.#own = own;
    this.#answer = answer;
    this.id = own.address;
    this.key = own.key;
    this.clock = clock;
  }

  get genesis(): SessionGenesis {
    return this.#own.genesis;
  }

  /** What the api said last. */
  get user(): SessionAnswer['data']['user'] {
    return this.#answer.data.user;
  }

  get grants(): readonly Grant[] {
    return this.#answer.data.grants;
  }

  get mayPush(): boolean {
    return this.#answer.data.certificate !== null;
  }

  get isUsable(): boolean {
    return this.#own.n === 0 && !this.isOver;
  }

  /** Whether its time is over, but for a moment. */
  get isOver(): boolean {
    const { sessionExpiresAt } = this.#answer.data;
    return !isFresh({ token: '', expiresAt: epochMs(sessionExpiresAt) }, this.#lifetimeMs, this.clock.now());
  }

  async access(): Promise<AccessToken> {
    const held = this.#access;
    return isFresh(held, this.#lifetimeMs, this.clock.now()) ? held : this.renew(held.token);
  }

  async renew(refused: string): Promise<AccessToken> {
    const held = this.#access;
    if (held.token !== refused && isFresh(held, this.#lifetimeMs, this.clock.now())) return held;
    // Callers that come while a renewal is under way share it.
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async certificate(): Promise<string> {
    await this.access();
    const { certificate } = this.#answer.data;
    if (certificate !== null) return certificate;
    throw new ProblemError(
      problemOf('forbidden', {
        detail: 'This user may not push: it has no certificate. Ask an admin for the role and a grant.',
      }),
    );
  }

  async prove(challenge: ConnectChallenge): Promise<ConnectProof> {
    const proven = await proveToRelay(this.#own, challenge, this.#account, this.clock.now());
    this.#own = proven.own;
    this.#proven = proven;
    return { step: proven.step };
  }

  syncSigning(): Signing {
    const proven = this.#proven;
    if (proven === undefined) throw new ProblemError(problemOf('forbidden', notToBeSigned));
    this.#proven = undefined;
    return signingBy(proven, () => this.clock.now(), this.#delegation);
  }

  get #access(): AccessToken {
    const { jwtToken: token } = this.#answer.app_state.sess.jwt;
    return { token, expiresAt: epochMs(this.#answer.data.expiresAt) };
  }

  get #lifetimeMs(): number {
    const { jwt, ttl } = this.#answer.app_state.sess;
    return (jwt.ttl ?? ttl) * 1000;
  }

  async #renew(): Promise<AccessToken> {
    const { apiUrl } = this.#account;
    const path = '/auth/sessions/token';
    const { nonce, proof } = await answerChallenge(apiUrl, this.id, this.key);
    const answer = await timed(() => request({ apiUrl, path, body: { session: this.id, nonce, proof } }));
    this.#answer = readAnswer(isSessionAnswer, answer.value, path);
    this.clock.observe(this.#answer.app_state.sess.jwt.checkTime, answer.sentAt, answer.receivedAt);
    return this.#access;
  }
}

const notToBeSigned = { detail: 'This session has not connected, or synchronises already.' };
