import {
  limits,
  ok,
  parse,
  problemOf,
  protocolVersion,
  recipientIdOf,
  refuse,
  type Problem,
  type RecipientId,
  type Result,
  type RuntimeHello,
  type Welcome,
} from '@cd-push/protocol';

import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import type { Emission } from '../line/emit.ts';
import { factsOf, type Log } from '../log.ts';
import type { Ended } from '../peers/ended.ts';
import { isRuntimePeer, type Peer, type RunningInstance, type RuntimePeer } from '../peers/peer.ts';
import type { Peers } from '../peers/peers.ts';
import type { Absence } from '../tracks/absence.ts';
import type { Tracker } from '../tracks/tracker.ts';
import { settleBy, standingOf } from './settle.ts';

export interface HelloPorts {
  readonly peers: Peers;
  readonly journal: Journal;
  readonly tracker: Tracker;
  readonly emission: Emission;
  readonly absence: Absence;
  readonly ended: Ended;
  readonly clock: Clock;
  readonly log: Log;
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
  if (peer.running !== undefined && peer.running.recipient !== recipientOf(peer, hello.value)) {
    const detail = 'A connection speaks for one instance. Open another for another one.';
    return refuse(problemOf('invalid-request', { path: '/instance', detail }));
  }
  const instances = ports.peers.instancesOf(peer.session.runtime.guid);
  const isNew = ports.peers.byRecipient(recipientOf(peer, hello.value)) === undefined;
  if (isNew && instances.size >= instancesAtOnce) {
    const detail = `${instancesAtOnce} instances run by this credential; end one, or enrol another runtime.`;
    return refuse(problemOf('forbidden', { path: '/instance', detail }));
  }
  const running = bind(hello.value, peer, ports);
  const due = await catchUpOf(peer, running, ports);
  return ok({
    welcome: {
      protocol: protocolVersion,
      recipient: running.recipient,
      serverTime: ports.clock.now(),
      catchUp: due.length,
      revokedSessions: ports.ended.voidedSessions.list(),
      envelopeBytes: limits.envelopeBytes,
    },
    follow: () => {
      follow(due, peer, running, ports).catch((error: unknown) => {
        ports.log.error(
          { ...factsOf(error), recipient: running.recipient },
          'A runtime could not be caught up.',
        );
        // It comes back and asks again; going on would leave a gap.
        peer.outlet.cut('slow');
      });
    },
  });
};

const recipientOf = ({ session }: RuntimePeer, { instance }: RuntimeHello): RecipientId =>
  recipientIdOf(session.runtime.guid, instance);

const bind = (hello: RuntimeHello, peer: RuntimePeer, { peers, absence }: HelloPorts): RunningInstance => {
  const { session } = peer;
  const recipient = recipientOf(peer, hello);
  const running: RunningInstance = {
    recipient,
    kind: hello.kind,
    base: hello.base,
    retainedBytes: hello.retainedBytes,
    held: new Map(hello.heads.map(({ resource, version, digest }) => [resource, { version, digest }])),
    waiting: [],
  };
  peers.bind(peer, running)?.outlet.cut('replaced');
  absence.returned(session.tenant, recipient);
  return running;
};

/** Pushes that this runtime lacks, in the order of their acceptance; open tracks that its report settles are settled. */
const catchUpOf = async (
  { session }: RuntimePeer,
  { recipient, held }: RunningInstance,
  { journal, tracker, ended, clock }: HelloPorts,
): Promise<TrackedPush[]> => {
  const { tenant } = session;
  const { module, environment } = session.runtime;
  const due = new Set<TrackedPush>();
  const inPlace = new Set<TrackedPush>();
  for (const { resource, version, digest, push } of await journal.headsOf({ tenant, environment }, module)) {
    if (ended.voidedSessions.has(push.accepted.signed?.session ?? '')) continue;
    inPlace.add(push);
    if (standingOf(held.get(resource), { version, digest }) === 'behind') due.add(push);
  }
  const at = clock.now();
  for (const push of await journal.openFor(tenant, recipient)) {
    settleBy(push, recipient, held, inPlace.has(push), tracker, at);
    if (push.isOpenFor(recipient)) due.add(push);
  }
  return [...due].toSorted((a, b) => a.order - b.order);
};

const follow = async (
  due: readonly TrackedPush[],
  peer: Peer,
  running: RunningInstance,
  { emission }: HelloPorts,
): Promise<void> => {
  const sent = new Set<TrackedPush>();
  const send = async (push: TrackedPush): Promise<void> => {
    if (sent.has(push)) return;
    sent.add(push);
    // One at a time, so that a long catch-up never counts as a slow peer.
    await peer.outlet.drained();
    await emission.catchUp(push, peer, running);
  };
  for (const push of due) await send(push);
  while (peer.outlet.isOpen && running.waiting !== undefined) {
    const push = running.waiting.shift();
    if (push === undefined) running.waiting = undefined;
    else await send(push);
  }
};
