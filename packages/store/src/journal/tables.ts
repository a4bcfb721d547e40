import { auditShapes } from '../audit/tables.ts';
import { editShapes } from '../edits/tables.ts';
import { proposalShapes } from '../proposals/tables.ts';
import type { RowOf } from '../statements/shape.ts';
import type { Statements, TablesOf } from '../statements/statements.ts';
import { timelineShapes } from '../timelines/tables.ts';

/**
 * The journal's tables as they stand after all migrations. Times are milliseconds since the epoch; a `position` is a place
 * of the journal, which the ports call an offset.
 */
export const journalShapes = {
  /** One row. Who writes something that takes a place keeps it locked until the commit, so that places rise with commits. */
  journal: {
    id: 'integer',
    epoch: 'text',
    position: 'integer',
    /** Up to here something may be missing of what was written, because it was let go of. */
    pruned: 'integer',
  },
  pushes: {
    position: 'integer',
    tenant: 'text',
    guid: 'text',
    environment: 'text',
    sender: 'text',
    sender_session: 'text',
    recipients: 'integer',
    /** How many of the recipients may still move. */
    open: 'integer',
    accepted_at: 'integer',
    deliver_by: 'integer',
    init_time: 'integer',
    digest: 'text',
    carries: 'text',
    trigger: 'text',
    emits: 'text',
    /** Null for messages of existing clients, like the four after it. */
    session: 'text?',
    /** Digest of a text, like the relay's. */
    certificate: 'text?',
    relay_certificate: 'text?',
    patches: 'text?',
    statement: 'text?',
    envelope: 'text',
  },
  /** Certificates, which many pushes share. `used_at` is less than a day before the latest push that names one. */
  texts: { digest: 'text', used_at: 'integer', text: 'text' },
  /** Every resource that a push is about, and every folder above it. */
  push_paths: { tenant: 'text', path: 'text', position: 'integer' },
  heads: {
    tenant: 'text',
    environment: 'text',
    resource: 'text',
    module: 'text',
    version: 'integer',
    digest: 'text?',
    position: 'integer',
    /** The frame that was pushed last, its timeline and its height; null where no push has named one. */
    frame: 'text?',
    timeline: 'text?',
    height: 'integer?',
    /** 1 where that is the frame of the name to which the resource was renamed. */
    is_elsewhere: 'integer',
  },
  /** Every version that a resource had whose content is kept, the one in place included. */
  steps: {
    tenant: 'text',
    environment: 'text',
    resource: 'text',
    version: 'integer',
    digest: 'text?',
    map_digest: 'text?',
    predecessor: 'text?',
    position: 'integer',
  },
  /** What stays of pushes of files that were let go of: enough to prove which version followed which. */
  past_pushes: {
    position: 'integer',
    tenant: 'text',
    guid: 'text',
    sender: 'text',
    sender_session: 'text',
    accepted_at: 'integer',
    digest: 'text',
    session: 'text',
    certificate: 'text',
    patches: 'text',
    statement: 'text',
  },
  /** Their versions, whose contents were let go of. */
  past_steps: {
    tenant: 'text',
    environment: 'text',
    resource: 'text',
    version: 'integer',
    digest: 'text?',
    map_digest: 'text?',
    predecessor: 'text?',
    position: 'integer',
  },
  tracks: {
    /** Position of the push. */
    push: 'integer',
    recipient: 'text',
    /** Place among the push's recipients. */
    ordinal: 'integer',
    tenant: 'text',
    attempt: 'integer',
    /** How far the stage is; see `ranks.ts`. */
    rank: 'integer',
    state: 'text',
    /** Where it was moved last, or null where it stands as it was accepted. */
    moved: 'integer?',
  },
  contents: {
    tenant: 'text',
    digest: 'text',
    /** How `body` is read; see `body-columns.ts`. */
    form: 'integer',
    /** Bytes of the content as it was signed. */
    size: 'integer',
    /** Since when neither a push nor an upload names it, or null where one does. */
    orphaned_at: 'integer?',
    body: 'bytes',
  },
  uploads: { tenant: 'text', subject: 'text', digest: 'text', at: 'integer' },
  presence: {
    tenant: 'text',
    recipient: 'text',
    node: 'text?',
    kind: 'text',
    since: 'integer',
    /** 1 where nobody waits for it any more; the row is left for who follows the journal. */
    is_gone: 'integer',
    position: 'integer',
  },
  policies: { tenant: 'text', target: 'text', policy: 'text', position: 'integer' },
  nodes: { node: 'text', at: 'integer' },
  ...timelineShapes,
  ...editShapes,
  ...proposalShapes,
  ...auditShapes,
} as const;

export type JournalTables = TablesOf<typeof journalShapes>;
export type JournalStatements = Statements<typeof journalShapes>;
export type PushRow = RowOf<typeof journalShapes.pushes>;
