import {
  branded,
  credentialOf,
  moduleOf,
  ok,
  parse,
  parseResource,
  problemOf,
  refuse,
  type AcceptEdits,
  type EditSettled,
  type OfferedEdit,
  type Problem,
  type RecipientId,
  type Result,
  type SaveEdit,
} from '@cd-push/protocol';
import type { JournalStore, KeptEdit } from '@cd-push/store';

import { grantsPush, mayDo, mayPushAtAll, type UserSession } from '../authority/session.ts';
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { Peers } from '../peers/peers.ts';
import { isRunningPeer, type Peer, type RunningPeer } from '../peers/peer.ts';

interface EditPorts {
  readonly edits: JournalStore['edits'];
  readonly journal: Pick<Journal, 'stir'>;
  readonly peers: Peers;
  readonly clock: Clock;
}

/** Of one runtime, before it has to wait until some were settled. */
const openAtMost = 32;
/** UTF-16 units of the same. */
const lengthAtMost = 4 * 1024 * 1024;
/** The same of one credential: it may run as many instances as it says. */
const openOfCredential = 128;
const lengthOfCredential = 16 * 1024 * 1024;
/** Told to whoever begins to take edits in; the others are told as these are settled. */
const perAnswer = 100;
/** UTF-16 units of what is told so, unless one edit alone has more: an answer is one frame. */
const lengthPerAnswer = 4 * 1024 * 1024;
/** Modules of which one connection takes edits in. */
const placesAtMost = 64;

/**
 * What is edited where it runs, on its way to a developer: kept until someone has taken it in or refused it, offered to
 * whoever takes edits of that module in, and the runtime hears what became of it. Nothing of it is pushed by the relay: it
 * takes effect as the save of whoever took it in.
 */
export class Edits {
  readonly #ports: EditPorts;
  /** Who takes edits in, and of which modules. */
  readonly #acceptors = new Map<Peer, AcceptEdits[]>();

  constructor(ports: EditPorts) {
    this.#ports = ports;
  }

  /** Keeps an edit of a runtime. One that was settled already is told so once more. */
  async save(payload: unknown, peer: Peer): Promise<Result<{ edit: string }, Problem>> {
    const { edits, journal, clock } = this.#ports;
    if (!isRunningPeer(peer))
      return refuse(problemOf('forbidden', { detail: 'Only what runs is edited there.' }));
    const saved = parse('SaveEdit', payload);
    if (!saved.ok) return saved;
    const { tenant, runtime } = peer.session;
    const { recipient } = peer.running;
    const { edit, resource, version, digest, text } = saved.value;
    const known = await edits.find(tenant, edit);
    // What was kept is told of again, also where the runtime has gone on to another version since.
    const unfit = known?.edit.runtime === recipient ? undefined : unfitFor(saved.value, peer);
    if (unfit !== undefined) return refuse(unfit);

    const open = known === undefined ? await edits.openOf(tenant, recipient) : undefined;
    if (open !== undefined && (open.count >= openAtMost || open.length + text.length > lengthAtMost)) {
      const detail = `${open.count} edits of this runtime wait for a developer already.`;
      return refuse(problemOf('rate-limited', { resource, detail, retryAfter: 10 }));
    }
    const all = known === undefined ? await edits.openUnder(tenant, credentialOf(recipient)) : undefined;
    if (
      all !== undefined &&
      (all.count >= openOfCredential || all.length + text.length > lengthOfCredential)
    ) {
      const detail = `${all.count} edits of this runtime’s instances wait for a developer already.`;
      return refuse(problemOf('rate-limited', { resource, detail, retryAfter: 10 }));
    }
    const { environment } = runtime;
    const offered: OfferedEdit = {
      edit,
      resource,
      version,
      digest,
      text,
      environment,
      runtime: recipient,
      at: clock.now(),
    };
    const before = await edits.put(tenant, offered);
    if (before.edit.runtime !== recipient) {
      const detail = 'Another edit was kept under this name.';
      return refuse(problemOf('conflict', { path: '/edit', resource, detail }));
    }
    if (before.settled === undefined) journal.stir();
    else peer.outlet.emit('edit-settled', before.settled satisfies EditSettled);
    return ok({ edit });
  }

  /** From now on a connection is offered the edits of a module; it is answered those that wait already. */
  async accept(payload: unknown, peer: Peer): Promise<Result<{ edits: readonly OfferedEdit[] }, Problem>> {
    const { session } = peer;
    if (!mayPushAtAll(session) || !mayDo(session, 'push')) {
      return refuse(problemOf('forbidden', { detail: 'Only a developer’s session may take edits in.' }));
    }
    const asked = parse('AcceptEdits', payload);
    if (!asked.ok) return asked;
    const place = asked.value;
    const others = (this.#acceptors.get(peer) ?? []).filter((one) => !isSamePlace(one, place));
    if (others.length >= placesAtMost) {
      const detail = `One connection takes edits of ${placesAtMost} modules in at most.`;
      return refuse(problemOf('invalid-request', { path: '/module', detail }));
    }
    this.#acceptors.set(peer, [...others, place]);
    const waiting = await this.#ports.edits.open({ tenant: session.tenant, ...place }, perAnswer);
    return ok({ edits: fitting(waiting.filter((edit) => mayTake(session, edit))) });
  }

  /** A developer says what became of an edit. */
  async settle(payload: unknown, { session }: Peer): Promise<Result<{ isFirst: boolean }, Problem>> {
    const { edits, journal } = this.#ports;
    const settlement = parse('SettleEdit', payload);
    if (!settlement.ok) return settlement;
    const { edit } = settlement.value;
    const unknown = problemOf('not-found', { path: '/edit', detail: 'There is no such edit.' });
    if (!mayPushAtAll(session) || !mayDo(session, 'push')) return refuse(unknown);
    const known = await edits.find(session.tenant, edit);
    if (known === undefined || !mayTake(session, known.edit)) return refuse(unknown);
    const before = await edits.settle(session.tenant, settlement.value);
    const isFirst = before !== undefined && before.settled === undefined;
    if (isFirst) journal.stir();
    return ok({ isFirst });
  }

  /** Tells of edits as the journal does. */
  written(changed: readonly KeptEdit[]): void {
    for (const { tenant, edit, settled } of changed) {
      if (settled === undefined) this.#offer(tenant, edit);
      else this.#runtimeAt(edit.runtime)?.outlet.emit('edit-settled', settled satisfies EditSettled);
    }
  }

  forget(peer: Peer): void {
    this.#acceptors.delete(peer);
  }

  #runtimeAt(recipient: string): Peer | undefined {
    return this.#ports.peers.byRecipient(branded<RecipientId>(recipient));
  }

  #offer(tenant: string, edit: OfferedEdit): void {
    const module = moduleIn(edit.resource);
    for (const [{ session, outlet }, places] of this.#acceptors) {
      if (session.kind !== 'user' || session.tenant !== tenant || !mayTake(session, edit)) continue;
      if (places.some((place) => isSamePlace(place, { environment: edit.environment, module })))
        outlet.emit('edit-offered', edit);
    }
  }
}

const unfitFor = (
  { resource: name, version }: SaveEdit,
  { session: { runtime }, running }: RunningPeer,
): Problem | undefined => {
  const resource = parseResource(name, '/resource');
  if (!resource.ok) return resource.problem;
  if (moduleOf(resource.value) !== runtime.module) {
    const detail = `Only files of ${runtime.module} are edited there.`;
    return problemOf('forbidden', { path: '/resource', resource: name, detail });
  }
  const held = running.held.get(name);
  if (version > 0 && held?.version !== version) {
    const detail = 'The runtime does not hold this version.';
    return problemOf('stale-version', { path: '/version', resource: name, detail });
  }
  return undefined;
};

/** The oldest of them, as far as one answer holds them. */
const fitting = (edits: readonly OfferedEdit[]): readonly OfferedEdit[] => {
  let length = 0;
  const end = edits.findIndex(({ text }, index) => {
    length += text.length;
    return index > 0 && length > lengthPerAnswer;
  });
  return end === -1 ? edits : edits.slice(0, end);
};

const mayTake = (session: UserSession, { resource, environment }: OfferedEdit): boolean =>
  grantsPush(session, resource, environment);

const isSamePlace = (one: AcceptEdits, other: AcceptEdits): boolean =>
  one.environment === other.environment && one.module === other.module;

const moduleIn = (resource: string): string => resource.split('/', 2)[1] ?? '';
