import {
  credentialOf,
  recipientIdOf,
  type AuditEntry,
  type EpochMs,
  type PatchContent,
  type Policy,
  type RecipientId,
} from '@cd-push/protocol';
import type {
  AcceptedPush,
  Departure,
  Group,
  JournalStore,
  Misfit,
  Offer,
  Presence,
  Written,
} from '@cd-push/store';
import type { SpaceChange } from '@cd-push/timeline';

import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { AuditRows } from './audit-rows.ts';
import { Follower, type Entry, type TrackChange } from './follower.ts';
import type { PendingMove } from './commit-items.ts';
import { GroupCommit, type WrittenGroup } from './group-commit.ts';
import { Listeners } from './listeners.ts';
import type { Parcel } from './parcel.ts';
import { PushCache } from './push-cache.ts';
import { tracksAtAcceptance, type TrackedPush } from './tracked-push.ts';

export type Appended =
  | { readonly outcome: 'appended'; readonly push: TrackedPush }
  /** The guid is there already. */
  | { readonly outcome: 'repeated'; readonly push: TrackedPush }
  /** Another push was accepted first. */
  | { readonly outcome: 'misfit'; readonly misfit: Misfit };

/** Pushes that are read at a time. */
const perRead = 200;

/** What may be read by whoever needs it; everything that is written passes the journal. */
export type JournalReads = Omit<JournalStore, 'commit' | 'beat' | 'prune' | 'close'>;

interface JournalPorts {
  readonly store: JournalStore;
  readonly rows: AuditRows;
  readonly clock: Clock;
  readonly log: Log;
  /** What recipients on this node will need of pushes that other nodes took. */
  readonly parcelsOf: (pushes: readonly TrackedPush[]) => Promise<ReadonlyMap<number, Parcel>>;
}

/** Who is connected where, as it changes. */
export type PresenceChange = Pick<
  Extract<Entry, { kind: 'presence' }>,
  'presence' | 'departed' | 'gone' | 'isRead'
>;

/**
 * What the relay has promised. Everything is written in groups, and told once it is written: to its listeners in the
 * order of the journal, whichever node wrote it.
 */
export class Journal {
  /** For reading. */
  readonly store: JournalReads;
  readonly #store: JournalStore;
  readonly #cache = new PushCache();
  readonly #commit: GroupCommit;
  readonly #follower: Follower;
  readonly #rows: AuditRows;
  /** Contents as they came, of what is offered and not taken yet. */
  readonly #sent = new WeakMap<Offer, readonly PatchContent[]>();
  readonly #accepted: Listeners<[push: TrackedPush, parcel: Parcel | undefined]>;
  readonly #written: Listeners<[changes: readonly TrackChange[], offset: number]>;
  readonly #presence: Listeners<[change: PresenceChange]>;
  readonly #policies: Listeners<[policies: Group['policies']]>;
  readonly #edits: Listeners<[edits: Written['edits']]>;
  readonly #own: Listeners<[]>;

  private constructor(ports: JournalPorts, position: number) {
    const { store, rows, clock, log, parcelsOf } = ports;
    this.store = store;
    this.#store = store;
    this.#rows = rows;
    this.#accepted = new Listeners(log);
    this.#written = new Listeners(log);
    this.#presence = new Listeners(log);
    this.#policies = new Listeners(log);
    this.#edits = new Listeners(log);
    this.#own = new Listeners(log);
    this.#commit = new GroupCommit({
      store,
      clock,
      log,
      auditOf: (moves) => rows.moved(moves),
      written: (group) => this.#taken(group),
    });
    const tell = (entry: Entry): void => this.#tell(entry);
    this.#follower = new Follower(position, { store, cache: this.#cache, clock, log, parcelsOf, tell });
  }

  /** Goes on from where the store stands; what was written before is read by whoever needs it. */
  static async open(ports: JournalPorts): Promise<Journal> {
    return new Journal(ports, await ports.store.offset());
  }

  get epoch(): string {
    return this.#store.epoch;
  }

  /** Everything up to here was told to the listeners. */
  get position(): number {
    return this.#follower.position;
  }

  /** Reads what other nodes have written. */
  look(): Promise<void> {
    return this.#follower.look();
  }

  /** Hears of every push that was accepted, in order; its `offset` is its place. Answers how to stop. */
  onAccepted(listener: (push: TrackedPush, parcel: Parcel | undefined) => void): () => void {
    return this.#accepted.add(listener);
  }

  /** Hears of every change of a track that was written, in order, with the place where it stands. Answers how to stop. */
  onWritten(listener: (changes: readonly TrackChange[], offset: number) => void): () => void {
    return this.#written.add(listener);
  }

  onPresence(listener: (change: PresenceChange) => void): () => void {
    return this.#presence.add(listener);
  }

  onPolicies(listener: (policies: Group['policies']) => void): () => void {
    return this.#policies.add(listener);
  }

  onEdits(listener: (edits: Written['edits']) => void): () => void {
    return this.#edits.add(listener);
  }

  /** Something was written here beside the groups; everybody looks. */
  stir(): void {
    this.#own.tell();
    void this.look();
  }

  /** Hears when this process itself has written something. */
  onOwn(listener: () => void): () => void {
    return this.#own.add(listener);
  }

  /**
   * Resolves once the push is written down; guid and heads are checked in the same step.
   *
   * @param contents as the sender encoded them, for those recipients whom that fits.
   * @param history what it brings to its timelines.
   * @throws what the store threw; nothing was written then.
   */
  async append(
    push: AcceptedPush,
    contents: readonly PatchContent[],
    history?: SpaceChange,
  ): Promise<Appended> {
    const offer: Offer = { push, history, audit: this.#rows.accepted(push) };
    this.#sent.set(offer, contents);
    const taken = await this.#commit.offer(offer);
    switch (taken.outcome) {
      case 'misfit':
        return taken;
      case 'repeated':
        return { outcome: taken.outcome, push: await this.#known(push) };
      case 'appended': {
        const stored = this.#cache.at(taken.offset);
        return { outcome: taken.outcome, push: stored ?? (await this.#known(push)) };
      }
      default:
        return taken satisfies never;
    }
  }

  /** Has a track that was moved written; whoever waits for it listens to {@link onWritten}. */
  move(move: PendingMove): void {
    this.#commit.move(move);
  }

  /** @throws what the store threw; nothing was written then. */
  connected(presence: Presence): Promise<void> {
    return this.#commit.presence(presence);
  }

  departed(departure: Departure): void {
    this.#commit.departed(departure);
  }

  gone(tenant: string, recipient: RecipientId): void {
    this.#commit.gone({ tenant, recipient });
  }

  /** @throws what the store threw; nothing was written then. */
  policy(tenant: string, policy: Policy, audit: AuditEntry): Promise<void> {
    return this.#commit.policy(tenant, policy, audit);
  }

  audit(entry: AuditEntry): void {
    this.#commit.audit(entry);
  }

  async find(tenant: string, pushGuid: string): Promise<TrackedPush | undefined> {
    const known = this.atHand(tenant, pushGuid);
    if (known !== undefined) return known;
    const stored = await this.#store.find(tenant, pushGuid);
    return stored && this.#cache.of(stored);
  }

  /** The push of a guid if it is in memory; undefined says nothing. */
  atHand(tenant: string, pushGuid: string): TrackedPush | undefined {
    return this.#cache.find(tenant, pushGuid);
  }

  /** Those of the offsets that are pushes, in ascending order. */
  async at(offsets: readonly number[]): Promise<TrackedPush[]> {
    const found = offsets.map((offset) => this.#cache.at(offset) ?? offset);
    const missing = found.filter((one) => typeof one === 'number');
    const read = missing.length === 0 ? [] : await this.#store.at(missing);
    const pushes = [
      ...found.filter((one) => typeof one !== 'number'),
      ...read.map((stored) => this.#cache.of(stored)),
    ];
    return pushes.toSorted((a, b) => a.offset - b.offset);
  }

  /** Pushes that are still open for a recipient, or for its credential as a whole, oldest first. */
  async *openFor(tenant: string, recipient: RecipientId): AsyncGenerator<TrackedPush> {
    const recipients = [...new Set([recipient, recipientIdOf(credentialOf(recipient))])];
    const offsets = await this.#store.openOffsets(tenant, recipients);
    for (let start = 0; start < offsets.length; start += perRead) {
      for (const push of await this.at(offsets.slice(start, start + perRead))) {
        // One may have been moved to its end since, and only wait for that to be written.
        if (push.isOpenFor(recipient)) yield push;
      }
    }
  }

  /** Recipients whose time to have a push delivered has passed. */
  async overdue(
    at: EpochMs,
    limit: number,
  ): Promise<readonly { readonly push: TrackedPush; readonly recipient: RecipientId }[]> {
    const overdue = await this.#store.overdue(at, limit);
    const pushes = await this.at([...new Set(overdue.map(({ push }) => push))]);
    const byOffset = new Map(pushes.map((push) => [push.offset, push]));
    return overdue.flatMap(({ push: offset, recipient }) => {
      const push = byOffset.get(offset);
      return push === undefined ? [] : [{ push, recipient }];
    });
  }

  /**
   * Resolves when everything that was handed in before is written.
   *
   * @throws what the store threw; moves are tried again all the same.
   */
  flushed(): Promise<void> {
    return this.#commit.flushed();
  }

  /** Resolves when nothing waits to be written any more. */
  idle(): Promise<void> {
    return this.#commit.idle();
  }

  /** Ends without waiting for what cannot be written. */
  async close(): Promise<void> {
    this.#follower.close();
    this.#commit.close();
    await this.#store.close();
  }

  async #known({ tenant, pushGuid }: AcceptedPush): Promise<TrackedPush> {
    const push = await this.find(tenant, pushGuid);
    if (push === undefined) throw new Error('The journal has taken a push that it does not have.');
    return push;
  }

  #taken({ group, moves, committed }: WrittenGroup): void {
    const accepted: Extract<Entry, { kind: 'accepted' }>[] = [];
    for (const [index, offer] of group.offers.entries()) {
      const taken = committed.offers[index];
      if (taken?.outcome !== 'appended') continue;
      const { offset } = taken;
      const { envelope, contents: _stored, ...facts } = offer.push;
      const push = this.#cache.of({ offset, facts, tracks: tracksAtAcceptance(offer.push) });
      const parcel = { envelope, contents: this.#sent.get(offer) ?? [] };
      accepted.push({ kind: 'accepted', offset, push, parcel });
    }
    const overtaken = new Set<string>();
    for (const { push: offset, recipient, track } of committed.overtaken) {
      overtaken.add(`${offset} ${recipient}`);
      this.#cache.at(offset)?.written(recipient, track);
    }
    const { offset } = committed;
    const first = accepted[0]?.offset ?? offset;
    const last = offset ?? accepted.at(-1)?.offset;
    this.#own.tell();
    if (first === undefined || last === undefined) return;
    const made = moves.filter(({ push, recipient }) => !overtaken.has(`${push.offset} ${recipient}`));
    this.#follower.own(first, last, accepted, () =>
      offset === undefined ? [] : entriesOf(group, made, offset),
    );
  }

  #tell(entry: Entry): void {
    switch (entry.kind) {
      case 'accepted':
        this.#accepted.tell(entry.push, entry.parcel);
        return;
      case 'changes':
        this.#written.tell(entry.changes, entry.offset);
        return;
      case 'presence':
        this.#presence.tell(entry);
        return;
      case 'policies':
        this.#policies.tell(entry.policies);
        return;
      case 'edits':
        this.#edits.tell(entry.edits);
        return;
      default:
        entry satisfies never;
    }
  }
}

/** What a group brought besides its pushes. */
const entriesOf = (
  { presence, departed, gone, policies }: Group,
  moves: readonly PendingMove[],
  offset: number,
): Entry[] => {
  const entries: Entry[] = [];
  const changes = moves.map(({ push, recipient, track }): TrackChange => ({
    push,
    recipient,
    track,
    before: push.written(recipient, track),
  }));
  if (changes.length > 0) entries.push({ kind: 'changes', offset, changes });
  if (presence.length + departed.length + gone.length > 0)
    entries.push({ kind: 'presence', offset, presence, departed, gone, isRead: false });
  if (policies.length > 0) entries.push({ kind: 'policies', offset, policies });
  return entries;
};
