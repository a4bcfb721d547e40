import type { EpochMs } from '@cd-push/protocol';

import type { AuditLog } from '../ports/audit-log.ts';
import type { Database } from '../statements/database.ts';
import { inParts } from '../statements/in-parts.ts';
import type { AuditChains } from './audit-chains.ts';

/** The audit by itself. What goes with a change is written in that change's commit, by the same chains. */
export const sqlAuditLog = (
  database: Pick<Database, 'read' | 'write'>,
  chains: AuditChains,
  node: string,
  now: () => EpochMs,
): AuditLog => ({
  node,
  append: (entries) => database.write('power', () => chains.append(entries)),
  settle: () => database.write('power', () => chains.touch()),
  rows: (after, limit) => database.read(() => chains.rows(after ?? beginning, limit)),
  heads: async (limit) => [...(await database.read(() => chains.heads(limit)))],
  prune: (before) => inParts(database, () => chains.prune(before, now())),
});

const beginning = { node: '', sequence: 0 };
