/**
 * Every bound of the wire in one place. A peer that passes one gets the problem kind named beside it.
 */
export const limits = {
  /** Bytes of one encoded envelope: `too-large`. */
  envelopeBytes: 8 * 1024 * 1024,
  /**
   * Bytes of one file's content. What does not fit an envelope lies at the relay under its digest: `too-large`.
   */
  contentBytes: 64 * 1024 * 1024,
  /** Bytes of one frame on a socket; above this the transport itself cuts, so it leaves room for the problem answer. */
  frameBytes: 16 * 1024 * 1024,
  /** Entries in `pushRecepients`: `too-many-recipients`. */
  recipients: 10_000,
  /** Files in one push: `invalid-envelope`. */
  patches: 2_000,
  /** UTF-16 units of a resource name. */
  resourceLength: 512,
  /** UTF-16 units of `m`. */
  messageLength: 1024 * 1024,
  /** Nesting of any JSON value that is received. */
  depth: 32,
  /** Labels of one target. */
  labels: 32,
  /** UTF-16 units of one structured object of a timeline: `too-large`. Texts of files are objects of their own. */
  timelineObjectLength: 1024 * 1024,
  /** UTF-16 units of a file that was edited where it runs: `invalid-request`. */
  editLength: 1024 * 1024,
  /** Objects of timelines that one push brings. */
  historyObjects: 10_000,
  /** Timelines that are synchronised at once. */
  syncTimelines: 10_000,
  /** Timelines in one answer. */
  timelinesPerPage: 2_000,
  /** Addresses in one list of one turn of a synchronisation. */
  syncAddresses: 10_000,
  /** Objects that come with one turn. */
  syncObjects: 4_096,
  /** Identities that a runtime is told to believe, where not all. */
  trustedIdentities: 64,
  /** Identities of one user that were not ended, one for each machine as a rule: `invalid-request`. */
  identitiesPerUser: 256,
  /** Events of all identities of one user that are taken in a minute; each connection of theirs takes one: `rate-limited`. */
  identityEventsPerMinute: 600,
  /** Keys of an identity at a time. */
  identityKeys: 16,
  /** Inceptions and rotations that one certificate carries. */
  delegationEvents: 64,
  /** Challenge pools of a session. */
  challengePools: 8,
  /** Commitments of one of them. */
  challengePoolSize: 256,
  /** How many of these one challenge may demand. */
  challengeDemand: 16,
  /** Approvals that one push carries, and that a target may ask for. */
  approvals: 16,
  /** Proposals of one person that wait at a time, and bytes of their envelopes: `rate-limited`. */
  openProposals: 32,
  openProposalBytes: 64 * 1024 * 1024,
  /** Proposals in one answer. */
  proposalsPerPage: 200,
  /** Milliseconds for which a proposal waits for approvals, or less, if its time to deliver is over before: 3 days. */
  proposeWithinMs: 3 * 24 * 60 * 60 * 1000,
  /** Resources asked for in one query of heads. */
  headQuery: 2_000,
  /** Pushes in one answer of the journal. */
  pushesPerPage: 200,
  /** Versions of files in one answer of history. */
  versionsPerPage: 200,
  /** Policies at a time: `invalid-request`. */
  policies: 1_000,
  /** Rows in one answer of the audit. */
  auditRowsPerPage: 1_000,
  /** Chains whose heads are told at a time, the latest ones. */
  auditHeads: 64,
  /** Milliseconds by which a sender's clock may differ from the relay's when a push is accepted. */
  clockSkewMs: 60_000,
  /** Milliseconds for which an accepted push is owed to its recipients unless its statement says less: 7 days. */
  deliverWithinMs: 7 * 24 * 60 * 60 * 1000,
  /** Milliseconds within which a push of code must take effect or be restored in a runtime. */
  restoreWithinMs: 2_000,
} as const;
