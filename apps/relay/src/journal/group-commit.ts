import { isSettled, type AuditEntry, type Policy } from '@cd-push/protocol';
import type { Committed, Departure, Group, JournalStore, Offer, Presence, Taken } from '@cd-push/store';

import type { Clock } from '../clock.ts';
import { factsOf, type Log } from '../log.ts';
import {
  connectionsIn,
  groupOf,
  isKept,
  isOvertaken,
  movesOf,
  partsOf,
  tell,
  untried,
  weightOf,
  type Handed,
  type Item,
  type Kept,
  type PendingMove,
} from './commit-items.ts';

/** What was written in one commit. */
export interface WrittenGroup {
  readonly group: Group;
  /** All moves in the order in which they were made; the group itself holds the last of each track. */
  readonly moves: readonly PendingMove[];
  readonly committed: Committed;
}

interface CommitPorts {
  readonly store: Pick<JournalStore, 'commit' | 'offset'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Rows of the audit that go with moves. */
  readonly auditOf: (moves: readonly PendingMove[]) => readonly AuditEntry[];
  /** Called before whoever waits is told, so that a push is on its way when its sender hears of it. */
  readonly written: (group: WrittenGroup) => void;
}

const firstPauseMs = 100;
const longestPauseMs = 5_000;
/** What is kept while nothing can be written; past it the oldest moves go, which runtimes will report again. */
const keptAtMost = 200_000;
/** About bytes of pushes that may wait to be written; what is offered beyond that is refused at once, for the time being. */
const offeredAtMost = 256 * 1024 * 1024;
/** Commits that one refused group may cost before the rest of it waits for better times. */
const triesAtATime = 64;
/** How long, in milliseconds, moves that nobody waits for may be gathered, and how many. */
const gatheredMs = 4;
const gatheredAtMost = 256;
/** So many times as long where the last gathering brought so many: those of a push to hundreds go on coming. */
const timesWhereMany = 4;
const manyGathered = 8;
/** Times that one thing is refused while others are taken, after which it is the thing itself that is wrong. */
const refusalsAllowed = 8;

/**
 * Writes what comes in in groups, each in one commit: what came in until the event loop's next turn, or while the group
 * before was being written. So one push by itself waits for nothing, and many at a time cost one commit. How far a push has
 * come on its way is gathered for a moment, unless something else is to be written anyway.
 */
export class GroupCommit {
  readonly #ports: CommitPorts;
  #next: Item[] = [];
  /** What could not be written, until it is tried again. */
  #postponed: Kept[] = [];
  /** Whether somebody waits for what came in, or it was gathered for long enough. */
  #isWanted = false;
  #isScheduled = false;
  #isWriting = false;
  /** One timer for good, started anew for each gathering. */
  #gathering: NodeJS.Timeout | undefined;
  #gathered = 0;
  /** How many times that timer has yet to end for this gathering. */
  #left = 0;
  #wereMany = false;
  #pauseMs = firstPauseMs;
  #cancelRetry: (() => void) | undefined;
  #writes = 0;
  #order = 0;
  /** About bytes of pushes that wait. */
  #offered = 0;
  #idle: (() => void)[] = [];
  #isClosed = false;

  constructor(ports: CommitPorts) {
    this.#ports = ports;
  }

  /** @throws what the store threw, or that too much waits; nothing was written then. */
  async offer(offer: Offer): Promise<Taken> {
    const weight = weightOf(offer);
    if (this.#offered + weight > offeredAtMost) throw new Error('Too much waits to be written.');
    this.#offered += weight;
    try {
      return await new Promise((resolve, reject) => {
        this.#add({ kind: 'offer', offer, resolve, reject });
      });
    } finally {
      this.#offered -= weight;
    }
  }

  /** @throws as {@link offer}. */
  presence(presence: Presence): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#add({ kind: 'presence', presence, resolve, reject });
    });
  }

  /** @throws as {@link offer}. */
  policy(tenant: string, policy: Policy, audit: AuditEntry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#add({ kind: 'policy', tenant, policy, audit, resolve, reject });
    });
  }

  move(move: PendingMove): void {
    this.#put({ kind: 'move', move, ...untried });
    if (isWaitedFor(move)) this.#want();
    else this.#gather();
  }

  departed(departure: Departure): void {
    this.#add({ kind: 'departed', departure, ...untried });
  }

  gone(gone: Group['gone'][number]): void {
    this.#add({ kind: 'gone', gone, ...untried });
  }

  audit(entry: AuditEntry): void {
    this.#add({ kind: 'audit', entry, ...untried });
  }

  /**
   * Resolves when everything that was handed in before is written.
   *
   * @throws as {@link offer}, or that something was not written yet, which is tried again all the same.
   */
  flushed(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#add({ kind: 'mark', resolve, reject });
    });
  }

  /** Resolves when nothing waits to be written any more. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    this.#want();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  /** Gives up what could not be written. */
  close(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
    clearTimeout(this.#gathering);
    this.#postponed = [];
    this.#tellIdle();
  }

  get #isIdle(): boolean {
    return !this.#isScheduled && !this.#isWriting && this.#next.length === 0 && this.#postponed.length === 0;
  }

  #add(item: Handed): void {
    this.#put(item);
    this.#want();
  }

  #put(item: Handed): void {
    if (this.#isClosed) {
      if ('reject' in item) item.reject(new Error('The journal is closed.'));
      return;
    }
    this.#order += 1;
    this.#next.push({ ...item, order: this.#order });
  }

  #gather(): void {
    this.#gathered += 1;
    if (this.#gathered >= gatheredAtMost) this.#want();
    if (this.#gathered > 1 || this.#isClosed) return;
    this.#left = this.#wereMany ? timesWhereMany : 1;
    // Each push would start a timer of its own otherwise.
    if (this.#gathering === undefined) this.#gathering = setTimeout(() => this.#passed(), gatheredMs).unref();
    else this.#gathering.refresh();
  }

  #passed(): void {
    if (this.#gathered === 0) return;
    this.#left -= 1;
    if (this.#left > 0) this.#gathering?.refresh();
    else this.#want();
  }

  #want(): void {
    this.#isWanted = true;
    this.#schedule();
  }

  #schedule(): void {
    if (!this.#isWanted || this.#isScheduled || this.#isWriting || this.#next.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    // What was postponed several times has lost its place.
    const items = this.#next.toSorted((a, b) => a.order - b.order);
    this.#next = [];
    this.#wereMany = this.#gathered >= manyGathered;
    this.#gathered = 0;
    this.#isWanted = false;
    this.#isScheduled = false;
    this.#isWriting = true;
    try {
      await this.#write(items, { left: triesAtATime });
    } finally {
      this.#isWriting = false;
      this.#schedule();
      this.#tellIdle();
    }
  }

  /** Writes items in one commit, or, where that is refused, in as many as it takes to tell good from bad. */
  async #write(items: readonly Item[], tries: { left: number }): Promise<void> {
    const { store, auditOf, written, log } = this.#ports;
    const moves = movesOf(items);
    let group: Group;
    let committed: Committed;
    try {
      group = groupOf(items, auditOf(moves));
      committed = await store.commit(group);
    } catch (error) {
      log.error({ ...factsOf(error), items: items.length }, 'The journal took nothing.');
      tries.left -= 1;
      await this.#refused(items, error, tries);
      return;
    }
    this.#pauseMs = firstPauseMs;
    this.#writes += 1;
    this.#forgetAbsences(items);
    written({ group, moves, committed });
    tell(items, committed, ({ order }) => this.#isBehind(order));
  }

  /** That an instance was away does not count any more when it was written down that it is connected. */
  #forgetAbsences(written: readonly Item[]): void {
    const connected = connectionsIn(written);
    if (connected.size === 0) return;
    this.#next = this.#next.filter((item) => !isOvertaken(item, connected));
    this.#postponed = this.#postponed.filter((item) => !isOvertaken(item, connected));
  }

  /** Whether something is not written yet that came in before. */
  #isBehind(order: number): boolean {
    return [this.#postponed, this.#next].some((items) => items.some((item) => item.order < order));
  }

  async #refused(all: readonly Item[], error: unknown, tries: { left: number }): Promise<void> {
    // What somebody waits for was not written with the rest.
    for (const item of all) if (item.kind === 'mark') item.reject(error);
    const items = all.filter(({ kind }) => kind !== 'mark');
    const parts = tries.left > 0 && (await this.#answers()) ? partsOf(items) : [];
    if (parts.length > 1) {
      for (const part of parts) await this.#write(part, tries);
      return;
    }
    for (const item of items) if ('reject' in item) item.reject(error);
    const kept = items.filter(isKept);
    const hopeless = kept.length === 1 ? kept.filter((item) => this.#isHopeless(item)) : [];
    this.#forget(hopeless, 'Something is refused again and again, and is let go.');
    this.#postpone(kept.filter((item) => !hopeless.includes(item)));
  }

  #isHopeless(item: Kept): boolean {
    if (this.#writes > item.refusedAt) item.refusals += 1;
    item.refusedAt = this.#writes;
    return item.refusals > refusalsAllowed;
  }

  /** Whether the journal can be reached at all; if not, nothing is learnt by writing less at a time. */
  async #answers(): Promise<boolean> {
    try {
      await this.#ports.store.offset();
      return true;
    } catch {
      return false;
    }
  }

  #postpone(items: readonly Kept[]): void {
    if (items.length === 0) return;
    this.#postponed = [...this.#postponed, ...items];
    const excess = this.#postponed.length - keptAtMost;
    this.#forget(
      this.#postponed.splice(0, Math.max(0, excess)),
      'Too much could not be written; the oldest is let go.',
    );
    if (this.#cancelRetry !== undefined || this.#isClosed) return;
    this.#cancelRetry = this.#ports.clock.after(this.#pauseMs, () => {
      this.#cancelRetry = undefined;
      // Before what came in since: it is older.
      this.#next = [...this.#postponed, ...this.#next];
      this.#postponed = [];
      this.#want();
    });
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
  }

  #forget(items: readonly Kept[], why: string): void {
    if (items.length === 0) return;
    for (const item of items) if (item.kind === 'move') item.move.push.takeBack(item.move.recipient);
    this.#ports.log.error({ items: items.length }, why);
  }

  #tellIdle(): void {
    if (!this.#isIdle) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** Whether somebody waits for a move to be written: it opens an attempt, or is the end of the last one. */
const isWaitedFor = ({ push, track: { state } }: PendingMove): boolean => {
  if (!isSettled(state)) return state.stage !== 'pushed' && state.stage !== 'delivered';
  return push.unsettled === 0;
};
