import {
  epochMs,
  ProblemError,
  problemOf,
  type Problem,
  type PublicKey,
  type SessionGenesis,
  type SessionStep,
} from '@cd-push/protocol';
import { cryptoPlatform, type SigningKey } from '@cd-push/timeline';

import { RelayClock } from '../../src/clock/relay-clock.ts';
import type { AccessToken, PersonSession, TokenSource } from '../../src/session/access.ts';
import type { Account } from '../../src/session/account.ts';
import { memoryCredentialStore } from '../../src/session/credential-store.ts';
import { Session } from '../../src/session/session.ts';

/** Shows `token-1`, and the next one at each renewal. */
export const countingTokens = (
  lifetimeMs = 900_000,
  failure?: () => Problem | undefined,
): TokenSource & { readonly renewals: () => number } => {
  let count = 1;
  let issued: AccessToken = { token: 'token-1', expiresAt: epochMs(Date.now() + lifetimeMs) };
  return {
    clock: new RelayClock(),
    renewals: () => count - 1,
    access: async () => issued,
    renew: async () => {
      const problem = failure?.();
      if (problem !== undefined) throw new ProblemError(problem);
      count += 1;
      issued = { token: `token-${count}`, expiresAt: epochMs(Date.now() + lifetimeMs) };
      return issued;
    },
  };
};

export interface FakeSessionFacts {
  readonly account: Account;
  /** Of the one session that there is, for however many connections. */
  readonly sessionId: string;
  readonly token: string;
  readonly certificate: string | null;
  readonly key: SigningKey;
}

/** Somebody signed in who needs no api for as long as a test lasts. Relays in tests take whatever it proves. */
export class FakeSession extends Session {
  readonly facts: FakeSessionFacts;
  readonly #person: PersonSession;

  constructor(facts: FakeSessionFacts) {
    super(facts.account, memoryCredentialStore());
    this.facts = facts;
    const { token, sessionId: id, certificate, key } = facts;
    const access = async (): Promise<AccessToken> => ({ token, expiresAt: epochMs(Number.MAX_SAFE_INTEGER) });
    this.#person = {
      clock: this.clock,
      id,
      key,
      isUsable: true,
      genesis,
      access,
      renew: access,
      certificate: async () => {
        if (certificate !== null) return certificate;
        throw new ProblemError(problemOf('forbidden'));
      },
      prove: async () => ({ step }),
      syncSigning: () => {
        throw new ProblemError(problemOf('forbidden'));
      },
    };
  }

  override access(): Promise<AccessToken> {
    return this.#person.access();
  }

  override renew(refused: string): Promise<AccessToken> {
    return this.#person.renew(refused);
  }

  override connecting(): Promise<PersonSession> {
    return Promise.resolve(this.#person);
  }

  override signer(): Promise<PersonSession> {
    return Promise.resolve(this.#person);
  }
}

export const developerSession = async (changes: Partial<FakeSessionFacts> = {}): Promise<FakeSession> => {
  const key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
  return new FakeSession({
    account,
    sessionId: 'session-1',
    token: 'token-1',
    certificate: 'a.b.c',
    key,
    ...changes,
  });
};

const account: Account = {
  apiUrl: 'http://127.0.0.1:9',
  issuer: 'https://api.example',
  tenant: 'default',
  keys: [],
  user: { id: 1, guid: 'u', name: 'ada', subject: 'user-1', roles: ['developer'] },
  identity: `b${'a'.repeat(58)}`,
};

const publicKey: PublicKey = { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) };
const signature = 'A'.repeat(86);
const genesis: SessionGenesis = {
  kind: 'cd-push/session/1',
  n: 0,
  previous: null,
  identity: account.identity,
  key: publicKey,
  pools: {},
  nonce: 'A'.repeat(22),
  signature,
};
const step: SessionStep = {
  kind: 'cd-push/session/1',
  n: 1,
  previous: account.identity,
  claim: { verb: 'sync', target: account.identity },
  signature,
};
