import type { AuditEntry, EpochMs, Labels, PublicKey } from '@cd-push/protocol';

import type { Runtime } from './runtimes.ts';

/** A code by which runtimes enrol; the code itself is shown once and kept as a hash. */
export interface JoinCode {
  /** Names it in lists; gives no access. */
  readonly id: string;
  readonly module: string;
  readonly environment: string;
  readonly labels: Labels;
  readonly groups: readonly string[];
  /** The only identities that who enrols by it is to believe; null for whichever the issuer certifies. */
  readonly identities: readonly string[] | null;
  /** How many other people have to approve of what is pushed to who enrols by it. */
  readonly approvals: number;
  readonly usesLeft: number;
  readonly createdBy: number;
  readonly createdAt: EpochMs;
  readonly expiresAt: EpochMs;
}

export interface NewJoinCode extends Omit<JoinCode, 'usesLeft'> {
  readonly hash: string;
  readonly uses: number;
}

export interface Enrolment {
  readonly hash: string;
  readonly guid: string;
  readonly name: string;
  readonly publicKey: PublicKey;
  readonly at: EpochMs;
}

export interface JoinCodeStore {
  create(code: NewJoinCode, audit?: AuditEntry): Promise<JoinCode>;
  /** What {@link JoinCode.identities} says; undefined for a code that is unknown. */
  identitiesOf(hash: string): Promise<readonly string[] | null | undefined>;
  /** Codes with uses left that have not expired at that time. */
  list(at: EpochMs): Promise<JoinCode[]>;
  remove(id: string, at: EpochMs, audit?: AuditEntry): Promise<boolean>;
  /**
   * Spends one use and makes the runtime, both or neither. Answers undefined for a code that is unknown, spent or
   * expired, without telling which.
   */
  enrol(enrolment: Enrolment, audit?: (made: Runtime) => AuditEntry): Promise<Runtime | undefined>;
}
