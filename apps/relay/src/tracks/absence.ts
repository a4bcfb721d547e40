import { credentialOf, recipientIdOf, type EpochMs, type RecipientId } from '@cd-push/protocol';
import type { Departure, Presence } from '@cd-push/store';

import type { Clock } from '../clock.ts';
import type { Journal, PresenceChange } from '../journal/journal.ts';
import { factsOf, type Log } from '../log.ts';
import type { Roster } from '../nodes/roster.ts';
import type { Peers } from '../peers/peers.ts';
import type { Tracker } from './tracker.ts';

/** How long a tab may be away before what it has not settled is closed: one that reloads is back by then. */
const returnWithinMs = 45_000;
/** How much longer the nodes wait to which it was not connected: the one to which it was does it, unless it is dead. */
const othersWaitMs = 10_000;

interface AbsencePorts {
  readonly journal: Journal;
  readonly tracker: Tracker;
  readonly roster: Roster;
  readonly peers: Pick<Peers, 'byRecipient'>;
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What becomes of the tracks of instances that are away. A tab that was shut never returns: they end as expired. A program
 * on a machine keeps its name over restarts: they stay owed to it until their time to deliver has passed.
 */
export class Absence {
  readonly #ports: AbsencePorts;
  readonly #away = new Map<RecipientId, () => void>();
  #isClosed = false;

  constructor(ports: AbsencePorts) {
    this.#ports = ports;
    for (const { recipient } of ports.roster.all()) this.#look(recipient, undefined);
  }

  /** An instance's connection to this node has ended. */
  left(tenant: string, recipient: RecipientId): void {
    const { node, clock } = this.#ports;
    this.departed({ tenant, recipient, node, at: clock.now() });
  }

  /** An instance is not connected to a node any more, unless it is connected to another by now. */
  departed(departure: Departure): void {
    const { journal, roster } = this.#ports;
    journal.departed(departure);
    if (roster.of(departure.recipient)?.kind === 'node') journal.gone(departure.tenant, departure.recipient);
  }

  /** After the roster has taken it in. */
  take({ presence, departed }: PresenceChange): void {
    for (const { recipient, node } of presence) this.#look(recipient, node ?? undefined);
    for (const { recipient, node } of departed) this.#look(recipient, node);
  }

  close(): void {
    this.#isClosed = true;
    for (const cancel of this.#away.values()) cancel();
    this.#away.clear();
  }

  /** @param node to which it is, or was connected; undefined where that is not known. */
  #look(recipient: RecipientId, node: string | undefined): void {
    this.#away.get(recipient)?.();
    this.#away.delete(recipient);
    const row = this.#ports.roster.of(recipient);
    if (row === undefined || row.node !== null || row.kind !== 'browser' || this.#isClosed) return;
    this.#wait(row, returnWithinMs + (node === this.#ports.node ? 0 : othersWaitMs));
  }

  /** From when it was heard here: what the clocks of other nodes say is not relied on. */
  #wait({ tenant, recipient }: Presence, ms: number): void {
    const { clock, log } = this.#ports;
    const cancel = clock.after(ms, () => {
      this.#away.delete(recipient);
      this.#close(tenant, recipient, clock.now()).catch((error: unknown) => {
        log.error(factsOf(error), 'The tracks of an absent runtime could not be closed.');
      });
    });
    this.#away.set(recipient, cancel);
  }

  /** The instance's own tracks, and what it has taken of what is owed to its credential: that begins anew. */
  async #close(tenant: string, recipient: RecipientId, at: EpochMs): Promise<void> {
    const { journal, tracker } = this.#ports;
    for await (const push of journal.openFor(tenant, recipient)) {
      if (!this.#isAway(recipient)) return;
      const isOwn = push.tracks.has(recipient);
      if (!isOwn && !push.isTakenBy(recipient)) continue;
      tracker.moveLatest(push, recipient, { type: 'expired', at });
      // It is owed to its credential: another instance may have the effect.
      if (!isOwn && push.accepted.deliverBy > at)
        tracker.open(push, recipientIdOf(credentialOf(recipient)), at);
    }
    if (this.#isAway(recipient)) journal.gone(tenant, recipient);
  }

  /** It may have come back while its pushes were looked for, which is perhaps not written down yet. */
  #isAway(recipient: RecipientId): boolean {
    const { roster, peers } = this.#ports;
    return roster.of(recipient)?.node === null && peers.byRecipient(recipient) === undefined;
  }
}
