/** What was edited where it runs, until it is let go of. Its `position` is that of the last thing that became of it. */
export const editShapes = {
  edits: {
    tenant: 'text',
    edit: 'text',
    environment: 'text',
    module: 'text',
    runtime: 'text',
    at: 'integer',
    length: 'integer',
    /** Null until someone has taken it in or refused it. */
    settled: 'text?',
    position: 'integer',
    offered: 'text',
  },
} as const;
