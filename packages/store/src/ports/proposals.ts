import type {
  AuditEntry,
  EpochMs,
  ICdPushEnvelop,
  PatchHead,
  Problem,
  ProposalView,
  SignedApproval,
} from '@cd-push/protocol';

/** A push that was signed and waits for other people to approve of it. */
export interface Proposal {
  readonly tenant: string;
  readonly pushGuid: string;
  /** Of the statement: what is approved of. */
  readonly digest: string;
  readonly environment: string;
  readonly kind: ProposalView['kind'];
  readonly patches: readonly PatchHead[];
  /** Of the runtimes that it goes to. */
  readonly modules: readonly string[];
  readonly sender: {
    readonly subject: string;
    readonly session: string;
    readonly user: { readonly id: number; readonly guid: string; readonly name: string };
  };
  /** Runtimes that ask for approvals, as it was when it was proposed. */
  readonly asking: ProposalView['asking'];
  readonly proposedAt: EpochMs;
  readonly expiresAt: EpochMs;
}

/** Somebody's yes, and who that is to the api. */
export interface KeptApproval extends SignedApproval {
  readonly subject: string;
  readonly user: Proposal['sender']['user'];
  readonly at: EpochMs;
}

/** What became of it so far. One whose time is over has expired, whatever stands here. */
export interface ProposalState {
  readonly state: Exclude<ProposalView['state'], 'expired'>;
  readonly required: number;
  readonly approvals: readonly KeptApproval[];
  readonly problem?: Problem | undefined;
}

export interface KeptProposal {
  readonly proposal: Proposal;
  readonly standing: ProposalState;
}

/** A proposal that is made. */
export interface NewProposal extends KeptProposal {
  /** As it was signed, with all that it brings and the relay's acceptance of that time; without any secret. */
  readonly envelope: ICdPushEnvelop;
  /** Digests of contents that its proposer has put beforehand: they stay for as long as it may wait. */
  readonly uploads: readonly string[];
  readonly audit: AuditEntry;
}

/** What a change makes of a proposal. */
export interface ProposalChange {
  readonly standing: ProposalState;
  readonly audit?: AuditEntry;
}

/** What waits of one person. */
export interface OpenProposals {
  readonly count: number;
  readonly bytes: number;
}

/** Where a page of the list begins: after this one. */
export type ProposalPlace = Pick<Proposal, 'proposedAt' | 'pushGuid'>;

/** Pushes that wait for approvals, and for a while what became of them. Whatever they bring goes once they wait no more. */
export interface ProposalBook {
  /** Keeps a proposal. Where its guid is taken nothing is changed, and the answer is what stands there. */
  put(made: NewProposal): Promise<KeptProposal | undefined>;
  find(tenant: string, pushGuid: string): Promise<KeptProposal | undefined>;
  /** Undefined once it does not wait any more. */
  envelope(tenant: string, pushGuid: string): Promise<ICdPushEnvelop | undefined>;
  /** The latest first. */
  list(tenant: string, after: ProposalPlace | undefined, limit: number): Promise<readonly KeptProposal[]>;
  openOf(tenant: string, subject: string, at: EpochMs): Promise<OpenProposals>;
  /**
   * Changes what became of a proposal, in one commit with the row that tells it, while nobody else does.
   *
   * @param change undefined where it is to stay as it stands.
   * @returns how it stands afterwards; undefined where there is none.
   */
  change(
    tenant: string,
    pushGuid: string,
    change: (kept: KeptProposal) => ProposalChange | undefined,
  ): Promise<KeptProposal | undefined>;
}
