import {
  limits,
  ok,
  parse,
  problemOf,
  refuse,
  type GetSourceAnswer,
  type Problem,
  type Result,
} from '@cd-push/protocol';

import { mayQuery, seesFile, type Session } from '../authority/session.ts';
import type { Journal } from '../journal/journal.ts';
import { textOf } from '../line/parcels.ts';
import { costOfBytes } from '../peers/rate.ts';
import { sourcesOf } from './sources.ts';

/** A file as it was saved, of a version that the session sees. Unknown and foreign look alike. */
export const getSource = async (
  payload: unknown,
  session: Session,
  { store }: Pick<Journal, 'store'>,
  charge: (cost: number) => void,
): Promise<Result<GetSourceAnswer, Problem>> => {
  if (!mayQuery(session)) return refuse(problemOf('forbidden'));
  const query = parse('GetSource', payload);
  if (!query.ok) return query;
  const { environment, resource, version } = query.value;
  const place = { tenant: session.tenant, environment };
  const found = seesFile(session, resource, environment)
    ? await store.versionsAt(place, [{ resource, version }])
    : [];
  const [source] = (await sourcesOf(place.tenant, found, store)).values();
  const bytes = source === undefined ? undefined : await store.space(place.tenant).get(source);
  if (source === undefined || bytes === undefined)
    return refuse(problemOf('not-found', { path: '/version', resource }));
  charge(costOfBytes(bytes.length));
  // An answer is one frame, in which bytes take a third more.
  if (bytes.length > limits.envelopeBytes) return refuse(problemOf('too-large', { resource }));
  const text = textOf(bytes);
  return ok(
    text === undefined ? { source, base64: Buffer.from(bytes).toString('base64') } : { source, text },
  );
};
