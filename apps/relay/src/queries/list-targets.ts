import {
  matchesSelector,
  ok,
  parse,
  problemOf,
  recipientIdOf,
  refuse,
  type Problem,
  type Result,
  type TargetView,
} from '@cd-push/protocol';

import type { Directory } from '../authority/directory.ts';
import { mayQuery, reaches, type RuntimeRecord, type Session } from '../authority/session.ts';
import type { Peers } from '../peers/peers.ts';

/** Runtimes that the session may reach: each connected instance, and each that is known but absent. */
export const listTargets = (
  payload: unknown,
  session: Session,
  directory: Directory,
  peers: Peers,
): Result<{ targets: TargetView[] }, Problem> => {
  if (!mayQuery(session)) return refuse(problemOf('forbidden'));
  const query = parse('ListTargets', payload);
  if (!query.ok) return query;
  const { select } = query.value;
  const seesAll = session.roles.includes('admin') || session.roles.includes('observer');
  const targets = [...directory.all()]
    .filter((runtime) => seesAll || reaches(session, runtime))
    .filter((runtime) => select === undefined || matchesSelector(select, runtime))
    .flatMap((runtime) => viewsOf(runtime, peers));
  return ok({ targets });
};

const viewsOf = (runtime: RuntimeRecord, peers: Peers): TargetView[] => {
  const { guid, name, module, environment, labels } = runtime;
  const about = { name, module, environment, labels };
  const connected = [...peers.instancesOf(guid)].flatMap(({ running }): TargetView[] => {
    if (running === undefined) return [];
    const { recipient, kind, base, retainedBytes } = running;
    return [{ ...about, recipient, kind, connected: true, base, retainedBytes }];
  });
  if (connected.length > 0) return connected;
  const recipient = recipientIdOf(guid);
  return [{ ...about, recipient, connected: false, base: null, retainedBytes: 0 }];
};
