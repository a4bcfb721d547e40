import {
  limits,
  ok,
  parse,
  problemOf,
  refuse,
  type ListTimelinesAnswer,
  type Problem,
  type Result,
} from '@cd-push/protocol';

import type { Session } from '../authority/session.ts';
import type { JournalReads } from '../journal/journal.ts';

/** Files of which as many count for one query. */
const headsPerToken = 1_000;

/** Which timelines there are of the files of a runtime's module in its environment, those that were deleted included. */
export const listTimelines = async (
  payload: unknown,
  session: Session,
  store: Pick<JournalReads, 'headsOf'>,
  charge: (cost: number) => void,
): Promise<Result<ListTimelinesAnswer, Problem>> => {
  if (session.kind !== 'runtime') {
    return refuse(problemOf('forbidden', { detail: 'A runtime asks for the timelines of what it runs.' }));
  }
  const query = parse('ListTimelines', payload);
  if (!query.ok) return query;
  const { module, environment } = session.runtime;
  const heads = await store.headsOf({ tenant: session.tenant, environment }, module);
  charge(Math.floor(heads.length / headsPerToken));
  const { after = '' } = query.value;
  const timelines = heads
    // What was renamed is told under the name that it has now.
    .flatMap(({ resource, frame, isElsewhere }) =>
      frame === null || isElsewhere || resource <= after ? [] : [{ resource, timeline: frame.timeline }],
    )
    .toSorted((one, other) => (one.resource < other.resource ? -1 : 1));
  const page = timelines.slice(0, limits.timelinesPerPage);
  return ok({ timelines: page, more: page.length < timelines.length });
};
