/**
 * Every bound of the wire in one place. A peer that passes one gets the problem kind named beside it.
 */
export const limits = {
  /** Bytes of one encoded envelope: `too-large`. */
  envelopeBytes: 8 * 1024 * 1024,
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
  /** Resources asked for in one query of heads. */
  headQuery: 2_000,
  /** Milliseconds by which a sender's clock may differ from the relay's when a push is accepted. */
  clockSkewMs: 60_000,
  /** Milliseconds for which an accepted push is owed to its recipients unless its statement says less: 7 days. */
  deliverWithinMs: 7 * 24 * 60 * 60 * 1000,
  /** Milliseconds within which a push of code must take effect or be restored in a runtime. */
  restoreWithinMs: 2_000,
} as const;
