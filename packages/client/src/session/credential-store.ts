import type { KeptIdentity, KeptNextKey } from '@cd-push/timeline';

import type { Account } from './account.ts';

/**
 * Where a person's identity is kept: files that only their owner may read, memory. What is kept is the identity's keys and
 * how far its log goes, and who it was bound to. Sessions are kept nowhere.
 */
export interface CredentialStore {
  /** Undefined where nobody is signed in. */
  account(): Promise<Account | undefined>;
  keepAccount(account: Account): Promise<void>;
  /** Signed out; the identity stays. */
  forgetAccount(): Promise<void>;
  identity(): Promise<KeptIdentity | undefined>;
  keepIdentity(kept: KeptIdentity): Promise<void>;
  /** More than one while a rotation is under way, of which one is the key that the identity is committed to. */
  nextKeys(): Promise<readonly KeptNextKey[]>;
  /** In the place of all that were kept before. */
  keepNextKeys(keys: readonly KeptNextKey[]): Promise<void>;
  /** Runs a step while no other process that shares this store does: an identity says what comes next once. */
  exclusively<Value>(step: () => Promise<Value>): Promise<Value>;
}

/** Keeps an identity for as long as the process or page lives. */
export const memoryCredentialStore = (): CredentialStore => {
  let account: Account | undefined;
  let identity: KeptIdentity | undefined;
  let nextKeys: readonly KeptNextKey[] = [];
  let last: Promise<unknown> = Promise.resolve();
  return {
    account: async () => account,
    keepAccount: async (given) => {
      account = given;
    },
    forgetAccount: async () => {
      account = undefined;
    },
    identity: async () => identity,
    keepIdentity: async (kept) => {
      identity = kept;
    },
    nextKeys: async () => nextKeys,
    keepNextKeys: async (keys) => {
      nextKeys = keys;
    },
    exclusively: (step) => {
      const turn = last.then(step, step);
      last = turn;
      return turn;
    },
  };
};
