import {
  limits,
  ok,
  parse,
  problemOf,
  protocolVersion,
  recipientIdOf,
  refuse,
  type JournalOffset,
  type Problem,
  type RecipientId,
  type Result,
  type RuntimeHello,
  type Welcome,
} from '@cd-push/protocol';

import type { AuditHeads } from '../audit/audit-heads.ts';
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import { factsOf, type Log } from '../log.ts';
import { nameAgain } from '../nodes/hold-places.ts';
import type { Roster } from '../nodes/roster.ts';
import type { Ended } from '../peers/ended.ts';
import {
  isRuntimePeer,
  type Peer,
  type RunningInstance,
  type RunningPeer,
  type RuntimePeer,
} from '../peers/peer.ts';
import type { Peers } from '../peers/peers.ts';
import type { Policies } from '../peers/policies.ts';
import type { Absence } from '../tracks/absence.ts';
import type { CatchUps } from './catch-ups.ts';

export interface HelloPorts {
  readonly peers: Peers;
  readonly roster: Roster;
  readonly journal: Journal;
  readonly catchUps: CatchUps;
  readonly absence: Absence;
  readonly policies: Policies;
  /** Where the chains of the audit stand, signed. */
  readonly heads: AuditHeads;
  readonly ended: Ended;
  readonly clock: Clock;
  readonly log: Log;
  readonly node: string;
}

/** Instances of one credential at a time: tabs of a page, processes on a machine. Each is a recipient of every push. */
const instancesAtOnce = 64;

/** What a hello leads to: the answer, and what is sent once that was given. */
export interface Greeting {
  readonly welcome: Welcome;
  readonly follow: () => void;
}

/** Binds a runtime's connection to its instance, settles what it reports, and sends what it lacks. */
export const greet = async (
  payload: unknown,
  peer: Peer,
  ports: HelloPorts,
): Promise<Result<Greeting, Problem>> => {
  if (!isRuntimePeer(peer)) {
    return refuse(problemOf('forbidden', { detail: 'Only a runtime’s own session says hello as one.' }));
  }
  const hello = parse('RuntimeHello', payload);
  if (!hello.ok) return hello;
  if (hello.value.protocol !== protocolVersion) {
    const detail = `This relay speaks version ${protocolVersion}.`;
    return refuse(problemOf('unsupported-version', { path: '/protocol', detail }));
  }
  const recipient = recipientIdOf(peer.session.runtime.guid, hello.value.instance);
  if (peer.running !== undefined && peer.running.recipient !== recipient) {
    const detail = 'A connection speaks for one instance. Open another for another one.';
    return refuse(problemOf('invalid-request', { path: '/instance', detail }));
  }
  const instances = ports.roster.connected(peer.session.runtime.guid);
  if (instances.length >= instancesAtOnce && !instances.includes(recipient)) {
    const detail = `${instancesAtOnce} instances run by this credential; end one, or enrol another runtime.`;
    return refuse(problemOf('forbidden', { path: '/instance', detail }));
  }
  try {
    const reset = await resetOf(hello.value.journal, ports.journal);
    if (!(await enter(hello.value, recipient, peer, ports))) {
      return refuse(problemOf('unavailable', { detail: 'The connection has ended.' }));
    }
    const running = bind(hello.value, recipient, peer, ports);
    // The end of the connection before it may have been written after this one began.
    nameAgain(recipient, ports);
    return ok(await welcome(running, reset, ports));
  } catch (error) {
    ports.log.warn({ ...factsOf(error), recipient }, 'A runtime’s hello could not be answered.');
    // It comes back and says it again; going on would leave a gap.
    peer.outlet.cut('slow');
    return refuse(problemOf('journal-unavailable', { retryAfter: 1 }));
  }
};

/** Whether what the runtime said it had followed to can be gone on from. */
const resetOf = async (
  said: JournalOffset | undefined,
  journal: Journal,
): Promise<Welcome['reset'] | undefined> => {
  if (said === undefined) return undefined;
  if (said.epoch !== journal.epoch) return 'epoch';
  if (said.offset <= journal.position) return undefined;
  // It may have been told by a node that is further than this one.
  await journal.look();
  return said.offset <= journal.position ? undefined : 'future';
};

/**
 * Has it written down that the instance is connected here, so that every node sends it what is accepted from now on.
 *
 * @returns false where the connection has ended meanwhile.
 */
const enter = async (
  { kind }: RuntimeHello,
  recipient: RecipientId,
  { session, outlet, running }: RuntimePeer,
  { journal, absence, clock, node }: HelloPorts,
): Promise<boolean> => {
  if (running !== undefined) return true;
  const { tenant } = session;
  await journal.connected({ tenant, recipient, node, kind, since: clock.now() });
  if (outlet.isOpen) return true;
  absence.left(tenant, recipient);
  return false;
};

const bind = (
  hello: RuntimeHello,
  recipient: RecipientId,
  peer: RuntimePeer,
  { peers, policies, clock }: HelloPorts,
): RunningPeer => {
  const running: RunningInstance = {
    recipient,
    kind: hello.kind,
    base: hello.base,
    retainedBytes: hello.retainedBytes,
    held: new Map(hello.heads.map(({ resource, version, digest }) => [resource, { version, digest }])),
    policy: policies.of(peer.session.runtime),
    untracked: new Map(),
    since: clock.now(),
    isCaughtUp: false,
    covered: undefined,
    // What is accepted from now on waits until it is known what comes before it.
    waiting: [],
  };
  const bound = peers.bind(peer, running);
  bound.before?.outlet.cut('replaced');
  return bound.peer;
};

const welcome = async (
  peer: RunningPeer,
  reset: Welcome['reset'] | undefined,
  { journal, catchUps, heads, ended, clock, log }: HelloPorts,
): Promise<Greeting> => {
  const { epoch } = journal;
  const lacks = await catchUps.lackedBy(peer);
  return {
    welcome: {
      protocol: protocolVersion,
      recipient: peer.running.recipient,
      serverTime: clock.now(),
      catchUp: lacks.offsets.length,
      journal: { epoch, offset: Math.max(lacks.upTo, lacks.offsets.at(-1) ?? 0) },
      ...(reset === undefined ? {} : { reset }),
      revokedSessions: ended.voidedSessions.list(),
      envelopeBytes: limits.envelopeBytes,
      policy: peer.running.policy,
      auditHeads: heads.latest,
    },
    follow: () => {
      catchUps.begin(peer, lacks).catch((error: unknown) => {
        log.warn(
          { ...factsOf(error), recipient: peer.running.recipient },
          'What a runtime lacks could not be found anew.',
        );
        // It comes back, and is caught up then.
        peer.outlet.cut('slow');
      });
    },
  };
};
