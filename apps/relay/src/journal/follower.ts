import type { RecipientId } from '@cd-push/protocol';
import type { Group, JournalStore, Presence, RecipientTrack, Written } from '@cd-push/store';

import type { Clock } from '../clock.ts';
import { factsOf, type Log } from '../log.ts';
import type { Parcel } from './parcel.ts';
import type { PushCache } from './push-cache.ts';
import type { TrackedPush } from './tracked-push.ts';

/** One track as it is written down from now on. */
export interface TrackChange {
  readonly push: TrackedPush;
  readonly recipient: RecipientId;
  readonly track: RecipientTrack;
  /** How it was written down before, as far as this process knew. */
  readonly before: RecipientTrack | undefined;
}

/** Something that stands in the journal, in the order in which it stands there. */
export type Entry =
  | {
      readonly kind: 'accepted';
      readonly offset: number;
      readonly push: TrackedPush;
      /** There where this process took the push, or somebody here gets it. */
      readonly parcel: Parcel | undefined;
    }
  | { readonly kind: 'changes'; readonly offset: number; readonly changes: readonly TrackChange[] }
  | {
      readonly kind: 'presence';
      readonly offset: number;
      readonly presence: readonly Presence[];
      readonly departed: Group['departed'];
      readonly gone: Group['gone'];
      /** Whether this is how it stands; else it is what was asked for, and counts where it still applies. */
      readonly isRead: boolean;
    }
  | { readonly kind: 'policies'; readonly offset: number; readonly policies: Group['policies'] }
  | { readonly kind: 'edits'; readonly offset: number; readonly edits: Written['edits'] };

type AcceptedEntry = Extract<Entry, { kind: 'accepted' }>;
type ChangesEntry = Extract<Entry, { kind: 'changes' }>;

interface FollowerPorts {
  readonly store: Pick<JournalStore, 'written' | 'at'>;
  readonly cache: PushCache;
  readonly clock: Clock;
  readonly log: Log;
  /** What recipients on this node will need of pushes that other nodes took; read before they are told of. */
  readonly parcelsOf: (pushes: readonly TrackedPush[]) => Promise<ReadonlyMap<number, Parcel>>;
  readonly tell: (entry: Entry) => void;
}

/** Rows that are read at a time. */
const perRead = 500;
const retryMs = 250;

/**
 * Tells what stands in the journal, each thing once and in order, whoever wrote it. What this process wrote is told from
 * memory if it is next; whatever is in between was written by others, and is read first.
 */
export class Follower {
  readonly #ports: FollowerPorts;
  /** Contents as they came, of pushes that were taken here and are not told yet. */
  readonly #parcels = new Map<number, Parcel>();
  #position: number;
  #reading: Promise<void> | undefined;
  #isAsked = false;
  #cancelRetry: () => void = () => {};
  #isClosed = false;

  constructor(position: number, ports: FollowerPorts) {
    this.#position = position;
    this.#ports = ports;
  }

  /** Everything up to here was told. */
  get position(): number {
    return this.#position;
  }

  /**
   * Takes what this process has just written at places that follow each other.
   *
   * @param rest what else was written, made when it is told: only then does it count.
   */
  own(first: number, last: number, accepted: readonly AcceptedEntry[], rest: () => readonly Entry[]): void {
    if (first === this.#position + 1) {
      this.#tell(last, [...accepted, ...rest()]);
      return;
    }
    for (const { offset, parcel } of accepted) {
      if (parcel !== undefined && offset > this.#position) this.#parcels.set(offset, parcel);
    }
    void this.look();
  }

  /** Reads what was written since. Resolves when it has, or has failed to and will try again. */
  look(): Promise<void> {
    this.#isAsked = true;
    this.#reading ??= this.#read();
    return this.#reading;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelRetry();
  }

  async #read(): Promise<void> {
    try {
      while (this.#isAsked && !this.#isClosed) {
        this.#isAsked = false;
        while (await this.#readOnce()) if (this.#isClosed) return;
      }
    } catch (error) {
      if (this.#isClosed) return;
      this.#ports.log.warn(factsOf(error), 'The journal could not be followed.');
      this.#cancelRetry();
      this.#cancelRetry = this.#ports.clock.after(retryMs, () => void this.look());
    } finally {
      // At once, so that nobody who asks from now on is told of a reading that is over.
      this.#reading = undefined;
    }
  }

  /** Answers whether there may be more. */
  async #readOnce(): Promise<boolean> {
    const { store } = this.#ports;
    const written = await store.written(this.#position, perRead);
    if (written.offset <= this.#position) return false;
    const entries = await this.#entriesOf(written);
    if (this.#isClosed) return false;
    // What was written here in the meantime may have been told from memory.
    if (written.offset > this.#position) {
      const position = this.#position;
      this.#tell(
        written.offset,
        entries().filter(({ offset }) => offset > position),
      );
    }
    return true;
  }

  /** Answers how to make the entries: a change counts as made when it is told. */
  async #entriesOf(written: Written): Promise<() => Entry[]> {
    const { store, cache, parcelsOf } = this.#ports;
    const fresh = written.pushes.map((stored) => cache.of(stored));
    const pushes = new Map(fresh.map((push) => [push.offset, push]));
    const missing = new Set<number>();
    for (const { push } of written.moves) {
      const known = pushes.get(push) ?? cache.at(push);
      if (known === undefined) missing.add(push);
      else pushes.set(push, known);
    }
    for (const stored of await store.at([...missing])) pushes.set(stored.offset, cache.of(stored));
    const parcels = await parcelsOf(fresh.filter(({ offset }) => !this.#parcels.has(offset)));
    return () => {
      const entries = fresh.map((push): Entry => {
        const { offset } = push;
        const parcel = this.#parcels.get(offset) ?? parcels.get(offset);
        return { kind: 'accepted', offset, push, parcel };
      });
      const changes = new Map<number, TrackChange[]>();
      for (const { push: at, recipient, track, offset } of written.moves) {
        const push = pushes.get(at);
        if (push === undefined || offset <= this.#position) continue;
        const before = push.written(recipient, track);
        const same = changes.get(offset);
        if (same === undefined) changes.set(offset, [{ push, recipient, track, before }]);
        else same.push({ push, recipient, track, before });
      }
      for (const [offset, together] of changes) entries.push({ kind: 'changes', offset, changes: together });
      entries.sort((a, b) => a.offset - b.offset);
      const { offset, presence, gone, policies, edits } = written;
      if (presence.length > 0 || gone.length > 0)
        entries.push({ kind: 'presence', offset, presence, departed: [], gone, isRead: true });
      if (policies.length > 0) entries.push({ kind: 'policies', offset, policies });
      if (edits.length > 0) entries.push({ kind: 'edits', offset, edits });
      return entries;
    };
  }

  #tell(position: number, entries: readonly Entry[]): void {
    this.#position = position;
    for (const entry of entries) {
      if (entry.kind === 'accepted') this.#parcels.delete(entry.offset);
      const told = entry.kind === 'changes' ? newsOf(entry) : entry;
      if (told !== undefined) this.#ports.tell(told);
    }
  }
}

/** Without what is behind what was told already. */
const newsOf = (entry: ChangesEntry): ChangesEntry | undefined => {
  const changes = entry.changes.filter(({ push, recipient, track }) => push.isNews(recipient, track));
  return changes.length === 0 ? undefined : { ...entry, changes };
};
