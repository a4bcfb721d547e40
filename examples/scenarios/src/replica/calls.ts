import type { Problem } from '@cd-push/protocol';
import type { Address, SpaceChange, SpaceCommit, SyncResult, SyncWanted, Tip } from '@cd-push/timeline';

/** What a replica's process is asked to do, and what comes of each. */
export interface Calls {
  'sign-in': {
    readonly given: { readonly apiUrl: string; readonly userName: string; readonly password: string };
    /** The tenant that one is signed in to. */
    readonly value: string;
  };
  /** Makes a runtime of the process: from then on it synchronises by a credential of its own. */
  enrol: {
    readonly given: { readonly apiUrl: string; readonly joinCode: string };
    /** Its guid. */
    readonly value: string;
  };
  /** Begins anew with an empty space. */
  reset: { readonly given: null; readonly value: null };
  get: { readonly given: Address; readonly value: Uint8Array | undefined };
  has: { readonly given: readonly Address[]; readonly value: ReadonlySet<Address> };
  tip: { readonly given: Address; readonly value: Address | undefined };
  tips: {
    readonly given: { readonly after: Address | undefined; readonly limit: number };
    readonly value: readonly Tip[];
  };
  commit: { readonly given: SpaceChange; readonly value: SpaceCommit };
  sync: {
    readonly given: { readonly relayUrl: string; readonly wanted: SyncWanted };
    readonly value: Synced;
  };
}

/** A saga, and what it took on the way to the relay. */
export interface Synced {
  readonly result: SyncResult;
  readonly messages: number;
  readonly bytes: number;
}

export type CallName = keyof Calls;

/** One call as it goes to the process. */
export type Call = {
  [Name in CallName]: { readonly id: number; readonly name: Name; readonly given: Calls[Name]['given'] };
}[CallName];

/** What comes back. */
export type Reply =
  | { readonly id: number; readonly type: 'value'; readonly value: Calls[CallName]['value'] }
  /** What cd-push says that is wrong. */
  | { readonly id: number; readonly type: 'problem'; readonly problem: Problem }
  | { readonly id: number; readonly type: 'failure'; readonly message: string };
