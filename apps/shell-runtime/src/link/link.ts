import type {
  Acknowledgement,
  Addressee,
  EditSettled,
  EpochMs,
  Failure,
  Problem,
  RuntimeHello,
  RuntimePolicy,
  SaveEdit,
  SignedAuditHead,
  Welcome,
} from '@cd-push/protocol';
import type { TrustRoot } from '@cd-push/timeline';

/** What comes down to a runtime with an envelope. */
export const pushEvents = ['apply-runtime-patch', 'show-notice', 'execute-operation'] as const;

export interface LinkHandlers {
  /** What is running here; asked for at every connect, before anything else is sent. */
  hello(): RuntimeHello;
  welcomed(welcome: Welcome): void;
  /** An envelope as it came off the wire, not yet parsed. */
  pushed(envelope: unknown): void;
  sessionRevoked(session: string): void;
  /** What holds here from now on; the welcome says what holds at first. */
  policyChanged(policy: RuntimePolicy): void;
  auditHeads(heads: readonly SignedAuditHead[]): void;
  /** What became of an edit that was made here. */
  editSettled(settlement: EditSettled): void;
  /** It comes back by itself. */
  disconnected(): void;
  /** It does not come back. */
  refused(problem: Problem): void;
}

/** Who this runtime is to its issuer: what targets are held against, and whom it believes. */
export interface RuntimeSelf extends Addressee {
  /** `guid#instance`: the recipient of tracks. */
  readonly recipient: string;
  readonly trust: TrustRoot;
  /** How many other people have to approve of what is pushed here, as it was said at enrolment. */
  readonly approvals: number;
}

/**
 * The connection to a relay as the delivery line needs it. It reconnects by itself, and says hello each time.
 * Reports that are handed over while it is down may be dropped: the line repeats them.
 */
export interface Link {
  /** May change with a renewed token: groups and the issuer's keys do. */
  self(): RuntimeSelf;
  /** This machine's clock, corrected by the offset that was measured at connect. */
  now(): EpochMs;
  open(handlers: LinkHandlers): void;
  delivered(acknowledgement: Acknowledgement): void;
  completed(acknowledgement: Acknowledgement): void;
  failed(failure: Failure): void;
  /**
   * Bytes that lie at the relay under a digest, checked against it.
   *
   * @param atMost how many there may be; no more is taken in.
   * @throws ProblemError `bad-signature`, `too-large`, and whatever else kept them from coming.
   */
  content(digest: string, atMost: number): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Hands an edit over that was made here.
   *
   * @throws ProblemError why the relay does not keep it, or that it was not reached.
   */
  saveEdit(edit: SaveEdit): Promise<void>;
  close(): void;
}
