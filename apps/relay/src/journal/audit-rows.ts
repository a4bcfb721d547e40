import type { AuditEntry } from '@cd-push/protocol';
import type { AcceptedPush } from '@cd-push/store';

import type { PendingMove } from './commit-items.ts';

/** What the audit says of what is written; each row is written in the commit of what it tells. */
export interface AuditRows {
  accepted(push: AcceptedPush): AuditEntry;
  /** One for each push and stage, with all recipients that came to it together. */
  moved(moves: readonly PendingMove[]): readonly AuditEntry[];
}
