/** Pushes that wait for approvals, until they are let go of. */
export const proposalShapes = {
  proposals: {
    tenant: 'text',
    guid: 'text',
    subject: 'text',
    /** 1 as long as it waits, be its time over or not. */
    waits: 'integer',
    proposed_at: 'integer',
    expires_at: 'integer',
    /** UTF-16 units of the envelope. */
    size: 'integer',
    proposal: 'text',
    standing: 'text',
    /** Null once it does not wait any more. */
    envelope: 'text?',
  },
} as const;
