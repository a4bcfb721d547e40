import {
  limits,
  ok,
  parse,
  problemOf,
  refuse,
  type JournalOffset,
  type Observe,
  type ObserveAnswer,
  type Problem,
  type PushView,
  type Result,
} from '@cd-push/protocol';

import type { AuditHeads } from '../audit/audit-heads.ts';
import { mayQuery, payerOf, type UserSession } from '../authority/session.ts';
import type { Journal } from '../journal/journal.ts';
import type { Peer } from '../peers/peer.ts';
import { costOfRows, type Rate } from '../peers/rate.ts';
import { findPushes } from '../queries/find-pushes.ts';
import { viewOf, type Surroundings } from '../queries/push-view.ts';
import { fitsFilter, maySee } from '../queries/sight.ts';
import type { Observers } from './observers.ts';

export interface ObservePorts {
  readonly journal: Journal;
  readonly around: Surroundings;
  readonly observers: Observers;
  readonly heads: AuditHeads;
  readonly rate: Rate;
}

/** How far back what happened is told piece by piece; whoever is further behind is told where things stand. */
const placesBehind = 100_000;

/** What an observation leads to: the answer, and what is told once that was given. */
export interface Begun {
  readonly answer: ObserveAnswer;
  readonly follow: () => void;
}

/** Begins to tell a peer of pushes and of every change of their tracks. */
export const observe = async (
  payload: unknown,
  peer: Peer,
  ports: ObservePorts,
): Promise<Result<Begun, Problem>> => {
  const { journal, observers, heads } = ports;
  const { session } = peer;
  if (!mayQuery(session)) return refuse(problemOf('forbidden'));
  const query = parse('Observe', payload);
  if (!query.ok) return query;
  const { after } = query.value;
  const isGoneOnFrom = after !== undefined && (await canGoOn(after, journal));
  const from = isGoneOnFrom ? after.offset : journal.position;
  const observation = observers.begin(peer, query.value, from);
  return ok({
    answer: {
      journal: { epoch: journal.epoch, offset: from },
      reset: after !== undefined && !isGoneOnFrom,
      open: isGoneOnFrom ? [] : await openPushes(query.value, session, ports),
      auditHeads: heads.latest,
    },
    follow: () => void observers.follow(observation),
  });
};

/**
 * Offsets of another journal say nothing here, nor do those that this one has not come to, as after a restore, or of which
 * something that followed was let go of.
 */
const canGoOn = async ({ epoch, offset }: JournalOffset, journal: Journal): Promise<boolean> => {
  if (epoch !== journal.epoch) return false;
  // It may have been told by a node that is further than this one.
  if (offset > journal.position) await journal.look();
  const isNear = offset <= journal.position && journal.position - offset <= placesBehind;
  return isNear && offset >= (await journal.store.prunedTo());
};

const openPushes = async (
  { pushGuid, environment, prefix, recipient }: Observe,
  session: UserSession,
  { journal, around, rate }: ObservePorts,
): Promise<PushView[]> => {
  const filter = { pushGuid, environment, prefix, recipient };
  const { pushes, rows } = await findPushes(
    { ...filter, tenant: session.tenant, open: true, limit: limits.pushesPerPage },
    {
      sees: (facts) => maySee(session, facts),
      fits: (push) => push.isOpen && fitsFilter(filter, push.accepted),
    },
    journal,
  );
  rate.charge(payerOf(session), costOfRows(rows));
  return pushes.toReversed().map((push) => viewOf(push, around));
};
