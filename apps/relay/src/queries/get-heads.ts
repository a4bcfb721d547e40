import { ok, parse, problemOf, refuse, type PushedHead, type Problem, type Result } from '@cd-push/protocol';

import { mayQuery, seesFile, type Session } from '../authority/session.ts';
import type { Journal } from '../journal/journal.ts';

/** Versions in place of the resources asked for; one that was never pushed, or that the session may not, is left out. */
export const getHeads = async (
  payload: unknown,
  session: Session,
  { store }: Pick<Journal, 'store'>,
): Promise<Result<{ heads: PushedHead[] }, Problem>> => {
  if (!mayQuery(session)) return refuse(problemOf('forbidden'));
  const query = parse('GetHeads', payload);
  if (!query.ok) return query;
  const { environment, resources } = query.value;
  const place = { tenant: session.tenant, environment };
  const seen = resources.filter((resource) => seesFile(session, resource, environment));
  const heads = await store.heads(place, seen);
  return ok({
    heads: heads.map(({ resource, version, digest, frame, isElsewhere }) => ({
      resource,
      version,
      digest,
      ...(frame === null ? {} : { frame: { ...frame, isElsewhere } }),
    })),
  });
};
