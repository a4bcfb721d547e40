/** Tables of timelines, each row of a tenant's space. */
export const timelineShapes = {
  /** Whatever an address names. Nothing is ever let go of, since anything may refer to it. */
  objects: {
    tenant: 'text',
    address: 'text',
    /** Digest under which `contents` has a blob's bytes already; `body` is empty then. */
    content: 'text?',
    body: 'bytes',
  },
  /** The tip of each timeline, which is named by the address of its first frame. */
  tips: { tenant: 'text', timeline: 'text', tip: 'text' },
} as const;
