import type { AuditEntry, EpochMs, Labels, PublicKey } from '@cd-push/protocol';

/** A runtime's own credential and what it runs. */
export interface Runtime {
  readonly guid: string;
  readonly name: string;
  readonly module: string;
  readonly environment: string;
  readonly labels: Labels;
  readonly publicKey: PublicKey;
  /** How many other people have to approve of what is pushed to it; as the join code said, for good. */
  readonly approvals: number;
  /** Who made the join code, or null after that user was removed. */
  readonly user: number | null;
  /** Its own groups and those of its user, each once, sorted. */
  readonly groups: readonly string[];
  readonly createdAt: EpochMs;
  /** When it first connected to a relay, or null where it never did. */
  readonly connectedAt: EpochMs | null;
}

export interface RuntimeStore {
  get(guid: string): Promise<Runtime | undefined>;
  /** All of them, or those of these guids that there are; oldest first. */
  list(guids?: readonly string[]): Promise<Runtime[]>;
  /** Takes down that a runtime connects; only the first time changes anything. */
  connected(guid: string, at: EpochMs): Promise<void>;
  /** Answers false where there is none. */
  remove(guid: string, at: EpochMs, audit?: AuditEntry): Promise<boolean>;
}
