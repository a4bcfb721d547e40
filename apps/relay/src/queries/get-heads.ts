import { ok, parse, problemOf, refuse, type Head, type Problem, type Result } from '@cd-push/protocol';

import { grantsPush, mayQuery, type Session } from '../authority/session.ts';
import type { Journal } from '../journal/journal.ts';

/** Versions in place of the resources asked for; one that was never pushed, or that the session may not, is left out. */
export const getHeads = async (
  payload: unknown,
  session: Session,
  journal: Journal,
): Promise<Result<{ heads: Head[] }, Problem>> => {
  if (!mayQuery(session)) return refuse(problemOf('forbidden'));
  const query = parse('GetHeads', payload);
  if (!query.ok) return query;
  const { environment, resources } = query.value;
  const place = { tenant: session.tenant, environment };
  const heads: Head[] = [];
  for (const resource of resources) {
    if (!grantsPush(session, resource, environment) && !seesAll(session)) continue;
    const head = await journal.head(place, resource);
    if (head !== undefined) heads.push({ resource, version: head.version, digest: head.digest });
  }
  return ok({ heads });
};

const seesAll = ({ roles }: Session): boolean => roles.includes('admin') || roles.includes('observer');
