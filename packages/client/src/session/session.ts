import { epochMs, ProblemError, problemOf } from '@cd-push/protocol';
import type { SigningKey } from '@cd-push/timeline';

import type { RelayClock } from '../clock/relay-clock.ts';
import { request } from '../http/request.ts';
import { isFresh, type AccessToken, type TokenSource } from './access.ts';
import { answerChallenge } from './challenge.ts';
import { readSessionAnswer, timed } from './session-answer.ts';
import type { SessionStore, StoredSession } from './session-store.ts';

/** A person's signed-in session, bound to the key that it signs with. It renews itself and keeps what it gets. */
export class Session implements TokenSource {
  readonly clock: RelayClock;
  readonly key: SigningKey;
  readonly #store: SessionStore;
  #stored: StoredSession;
  #renewing: Promise<AccessToken> | undefined;

  constructor(stored: StoredSession, key: SigningKey, store: SessionStore, clock: RelayClock) {
    this.#stored = stored;
    this.key = key;
    this.#store = store;
    this.clock = clock;
  }

  /** What is known of the session now. Holds secrets. */
  get stored(): StoredSession {
    return this.#stored;
  }

  async access(): Promise<AccessToken> {
    if (this.#isFresh(this.#stored)) return accessOf(this.#stored);
    return this.renew(this.#stored.token);
  }

  async renew(refused: string): Promise<AccessToken> {
    if (this.#stored.token !== refused && this.#isFresh(this.#stored)) return accessOf(this.#stored);
    // Callers that come while a renewal is under way share it.
    this.#renewing ??= this.#store
      .exclusively(() => this.#refresh(refused))
      .finally(() => {
        this.#renewing = undefined;
      });
    return this.#renewing;
  }

  /**
   * The certificate that goes with the key, renewed first if the session's time is nearly over.
   *
   * @throws ProblemError `forbidden` where the session was made without a key.
   */
  async certificate(): Promise<string> {
    await this.access();
    const { certificate } = this.#stored;
    if (certificate !== null) return certificate;
    throw new ProblemError(
      problemOf('forbidden', {
        detail: 'This session has no certificate and cannot push. Sign in with a key, as a developer.',
      }),
    );
  }

  /** Ends the session at the api and forgets it here; what cannot be reached is forgotten all the same. */
  async logout(): Promise<void> {
    try {
      const { token } = await this.access();
      await request({ apiUrl: this.#stored.apiUrl, path: '/auth/logout', body: {}, token });
    } finally {
      await this.#store.clear();
    }
  }

  /** Another process that shares the store may have renewed already; then its result is taken. */
  async #refresh(refused: string): Promise<AccessToken> {
    const shared = await this.#store.load();
    if (shared?.sessionId === this.#stored.sessionId) {
      this.#stored = shared;
      if (shared.token !== refused && this.#isFresh(shared)) return accessOf(shared);
    }
    const { apiUrl, refreshToken, sessionId } = this.#stored;
    const path = '/auth/refresh';
    const { nonce, proof } = await answerChallenge(apiUrl, sessionId, this.key);
    const body = { refreshToken, nonce, proof };
    const answer = await timed(() => request({ apiUrl, path, body }));
    this.#stored = readSessionAnswer(answer, apiUrl, path, this.clock);
    await this.#store.save(this.#stored);
    return accessOf(this.#stored);
  }

  #isFresh(stored: StoredSession): boolean {
    return isFresh(accessOf(stored), stored.tokenLifetimeMs, this.clock.now());
  }
}

const accessOf = ({ token, tokenExpiresAt }: StoredSession): AccessToken => ({
  token,
  expiresAt: epochMs(tokenExpiresAt),
});
