import { setImmediate as turn } from 'node:timers/promises';

import {
  isAuditRow,
  limits,
  ok,
  parse,
  parseJson,
  problemOf,
  refuse,
  type GetAudit,
  type GetAuditAnswer,
  type Problem,
  type Result,
} from '@cd-push/protocol';
import type { AuditLog } from '@cd-push/store';

import { administers, type Session } from '../authority/session.ts';
import type { AuditHeads } from './audit-heads.ts';

/** Bytes of one answer: a row with ten thousand targets has most of a million by itself. */
const pageBytes = 4 * 1024 * 1024;
/** Rows that are read at a time: at first few, and then as many as fit if they are no larger than those before. */
const atFirst = 10;
const perRead = 100;

/** Rows of the audit, for admins; the heads were signed before any of these rows was read. */
export const getAudit = async (
  payload: unknown,
  session: Session,
  audit: AuditLog,
  heads: AuditHeads,
): Promise<Result<GetAuditAnswer, Problem>> => {
  if (session.kind !== 'user' || !administers(session)) {
    const detail = 'The audit is for admins whose session is not narrowed: it speaks of everything.';
    return refuse(problemOf('forbidden', { detail }));
  }
  const query = parse('GetAudit', payload);
  if (!query.ok) return query;
  const signed = await heads.sign();
  return ok({ ...(await pageOf(query.value, audit)), heads: signed });
};

const pageOf = async (
  { after, limit = limits.auditRowsPerPage }: GetAudit,
  audit: AuditLog,
): Promise<Pick<GetAuditAnswer, 'rows' | 'more'>> => {
  const rows: string[] = [];
  let bytes = 0;
  let place = after;
  for (;;) {
    const fitting = bytes === 0 ? atFirst : ((pageBytes - bytes) * rows.length) / bytes;
    const size = Math.max(1, Math.min(perRead, Math.ceil(fitting)));
    // One more than is asked for says whether there are more.
    const read = await audit.rows(place, Math.min(size, limit + 1 - rows.length));
    for (const row of read) {
      bytes += Buffer.byteLength(row);
      if (rows.length === limit || (bytes > pageBytes && rows.length > 0)) return { rows, more: true };
      rows.push(row);
    }
    const last = read.at(-1);
    if (last === undefined) return { rows, more: false };
    place = placeOf(last);
    // What reads on this very thread lets others have their turn.
    await turn();
  }
};

const placeOf = (text: string): NonNullable<GetAudit['after']> => {
  const row = parseJson(text);
  if (!row.ok || !isAuditRow(row.value)) throw new Error('The audit holds a row that is none.');
  const { node, sequence } = row.value;
  return { node, sequence };
};
