import { ProblemError, type IdentityView } from '@cd-push/protocol';

import { RelayClock } from '../clock/relay-clock.ts';
import { request } from '../http/request.ts';
import type { AccessToken, PersonSession, SessionSource, Signer } from './access.ts';
import type { Account } from './account.ts';
import type { CredentialStore } from './credential-store.ts';
import { endIdentity, rotateKeys } from './evolve-identity.ts';
import { openNewSession, wholeScope, type WantedScope } from './open-session.ts';
import { OpenedSession } from './opened-session.ts';

export interface SessionOptions {
  /** What the identity lets its sessions do here; everything that the user may by default. */
  readonly scope?: WantedScope;
}

/**
 * Whoever is signed in, by the identity of this machine. It opens a session when one is needed: one for each connection,
 * and the latest for everything else. What a session signs, it signs with a key of its own.
 */
export class Session implements SessionSource {
  readonly clock = new RelayClock();
  #account: Account;
  readonly #store: CredentialStore;
  readonly #scope: WantedScope;
  #latest: OpenedSession | undefined;
  #opening: Promise<OpenedSession> | undefined;
  /** Sessions that a connection was given, which may not be another's. */
  readonly #taken = new WeakSet<PersonSession>();

  constructor(account: Account, store: CredentialStore, { scope = wholeScope }: SessionOptions = {}) {
    this.#account = account;
    this.#store = store;
    this.#scope = scope;
  }

  /** Who that is, as the api told it last. */
  get account(): Account {
    return this.#account;
  }

  /** The session that is open, opened first if there is none or its time is nearly over. */
  async open(): Promise<OpenedSession> {
    const latest = this.#latest;
    return latest === undefined || latest.isOver ? this.#openAnother() : latest;
  }

  async access(): Promise<AccessToken> {
    return (await this.open()).access();
  }

  async renew(refused: string): Promise<AccessToken> {
    const session = await this.open();
    try {
      return await session.renew(refused);
    } catch (error) {
      // A session that was ended, or that the api has forgotten: the identity may open another one.
      if (!(error instanceof ProblemError) || error.problem.status !== 401) throw error;
      return (await this.#openAnother()).access();
    }
  }

  async connecting(): Promise<PersonSession> {
    let session = await this.open();
    // Of several connections that are made at once, each gets its own.
    while (this.#taken.has(session)) session = await this.#openAnother();
    this.#taken.add(session);
    return session;
  }

  /** What signs where no connection says by which session it was made. */
  signer(): Promise<Signer> {
    return this.open();
  }

  /**
   * Ends all sessions of this identity at the api, and forgets here who is signed in; what cannot be reached is forgotten
   * all the same. The identity stays, for the next login.
   */
  async logout(): Promise<void> {
    try {
      const { token } = await this.access();
      await request({ apiUrl: this.account.apiUrl, path: '/auth/logout', body: {}, token });
    } finally {
      this.#latest = undefined;
      await this.#store.forgetAccount();
    }
  }

  /** Puts the next key of the identity in force; sessions that are open stay so. */
  rotateKeys(): Promise<IdentityView> {
    return rotateKeys(this.#account, this.#store);
  }

  /** Ends the identity for good, with all of its sessions, and forgets here who is signed in. */
  async endIdentity(): Promise<IdentityView> {
    const view = await endIdentity(this.#account, this.#store);
    this.#latest = undefined;
    await this.#store.forgetAccount();
    return view;
  }

  async #openAnother(): Promise<OpenedSession> {
    // Callers that come while one is being opened share it, but for connections, of which one takes it.
    this.#opening ??= this.#openNew().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openNew(): Promise<OpenedSession> {
    const opened = await openNewSession(this.#account, this.#store, this.clock, this.#scope);
    const { keys, user } = opened.answer.data;
    const { tenant: _sameTenant, ...own } = user;
    const account = { ...this.#account, keys, user: own };
    const hasChanged = JSON.stringify(account) !== JSON.stringify(this.#account);
    this.#account = account;
    if (hasChanged) await this.#store.keepAccount(account);
    this.#latest = new OpenedSession(account, opened, this.clock);
    return this.#latest;
  }
}
