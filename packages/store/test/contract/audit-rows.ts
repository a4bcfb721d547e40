import type { AuditRow } from '@cd-push/protocol';

import type { AuditLog } from '../../src/index.ts';

/** All rows of an audit, as what they say. */
export const rowsOf = async (audit: AuditLog): Promise<AuditRow[]> =>
  (await audit.rows(undefined, 10_000)).map((text) => JSON.parse(text) as AuditRow);
