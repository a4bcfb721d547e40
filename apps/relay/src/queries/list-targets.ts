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
import { mayQuery, seesRuntime, type RuntimeRecord, type Session } from '../authority/session.ts';
import type { Roster } from '../nodes/roster.ts';
import type { Peers } from '../peers/peers.ts';
import type { PolicyBook } from '../policy/policy-book.ts';

export interface TargetPorts {
  readonly directory: Directory;
  readonly peers: Peers;
  readonly roster: Roster;
  readonly policies: PolicyBook;
}

/** Runtimes that the session may know of: each connected instance, and each that is known but absent. */
export const listTargets = (
  payload: unknown,
  session: Session,
  ports: TargetPorts,
): Result<{ targets: TargetView[] }, Problem> => {
  if (!mayQuery(session)) return refuse(problemOf('forbidden'));
  const query = parse('ListTargets', payload);
  if (!query.ok) return query;
  const { select } = query.value;
  const targets = [...ports.directory.all()]
    .filter((runtime) => seesRuntime(session, runtime))
    .filter((runtime) => select === undefined || matchesSelector(select, runtime))
    .flatMap((runtime) => viewsOf(runtime, ports));
  return ok({ targets });
};

const viewsOf = (runtime: RuntimeRecord, { peers, roster, policies }: TargetPorts): TargetView[] => {
  const { guid, name, module, environment, labels, approvals } = runtime;
  const held = policies.of(runtime).hold ? { held: true } : {};
  const asked = approvals === 0 ? {} : { approvals };
  const about = { name, module, environment, labels, ...held, ...asked };
  const connected = roster.connected(guid).map((recipient): TargetView => {
    // Of what is connected to another node the journal holds no more than that.
    const { base = null, retainedBytes = 0 } = peers.byRecipient(recipient)?.running ?? {};
    const kind = roster.of(recipient)?.kind;
    return {
      ...about,
      recipient,
      ...(kind === undefined ? {} : { kind }),
      connected: true,
      base,
      retainedBytes,
    };
  });
  if (connected.length > 0) return connected;
  return [{ ...about, recipient: recipientIdOf(guid), connected: false, base: null, retainedBytes: 0 }];
};
