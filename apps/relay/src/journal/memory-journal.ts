import {
  credentialOf,
  isSettled,
  limits,
  recipientIdOf,
  type EpochMs,
  type PatchHead,
  type RecipientId,
  type TrackState,
} from '@cd-push/protocol';

import { Heads } from './heads.ts';
import { Holdings } from './holdings.ts';
import type { Appended, HistoryStep, Journal, JournalFull, Misfit, Place, ResourceHead } from './journal.ts';
import { TrackedPush, type AcceptedPush, type RecipientTrack } from './tracked-push.ts';
import { weightOf, type Weight } from './weight.ts';

/** Settled pushes stay known, so that a late repeat gets the first answer, for so long and up to so many. */
const settledKeptMs = 60 * 60 * 1000;
const settledKept = 20_000;
/**
 * How long a settled push stays known even where its room is needed. A message could be replayed for as long as its time
 * of issue counts as now; a patch could not, since its version would not rise, and its sender asks again within seconds.
 */
const replayMs = 2 * limits.clockSkewMs;
const askedAgainMs = 5_000;
/** About bytes of what is in place, owed to somebody, or still known. */
const usualCapacity = 512 * 1024 * 1024;
/** On top of it, what led to what is in place. */
const historyShare = 1 / 8;

/** A journal that its process takes with it: durable only while the relay runs. */
export class MemoryJournal implements Journal {
  readonly #pushes = new Map<string, TrackedPush>();
  readonly #heads: Heads;
  /** Open pushes by tenant and recipient. */
  readonly #open = new Map<string, Set<TrackedPush>>();
  /** Settled pushes with the time of settling, oldest first. */
  readonly #settled = new Map<TrackedPush, EpochMs>();
  readonly #weights = new Map<TrackedPush, Weight>();
  readonly #holdings: Holdings;
  #order = 0;

  /** @param capacity what may be held at a time; above it no push is taken. */
  constructor(capacity = usualCapacity) {
    this.#heads = new Heads(capacity * historyShare);
    this.#holdings = new Holdings(capacity);
  }

  append(accepted: AcceptedPush): Promise<Appended> {
    const key = keyOf(accepted.tenant, accepted.pushGuid);
    const known = this.#pushes.get(key);
    if (known !== undefined) return Promise.resolve({ outcome: 'repeated', push: known });
    const misfit = this.#heads.misfit(accepted, accepted.signed?.patches ?? []);
    if (misfit !== undefined) return Promise.resolve({ outcome: 'misfit', misfit });
    const weight = weightOf(accepted);
    const refusal = this.#makeRoom(accepted, weight.facts + weight.body);
    if (refusal !== undefined) return Promise.reject(refusal);
    this.#holdings.add(accepted, weight.facts + weight.body);
    this.#order += 1;
    const push = new TrackedPush(accepted, this.#order);
    this.#weights.set(push, weight);
    this.#pushes.set(key, push);
    for (const recipient of accepted.recipients) this.#openAt(accepted.tenant, recipient).add(push);
    const overtaken = this.#heads.put(accepted, push);
    for (const before of overtaken) {
      this.#release(before);
      if (!this.#isKnown(before)) this.#forget(before);
    }
    return Promise.resolve({
      outcome: 'appended',
      push,
      overtaken: overtaken.filter(({ isOpen }) => isOpen),
    });
  }

  find(tenant: string, pushGuid: string): Promise<TrackedPush | undefined> {
    return Promise.resolve(this.#pushes.get(keyOf(tenant, pushGuid)));
  }

  misfit(place: Place, patches: readonly PatchHead[]): Promise<Misfit | undefined> {
    return Promise.resolve(this.#heads.misfit(place, patches));
  }

  record(push: TrackedPush, recipient: RecipientId, { state }: RecipientTrack): void {
    if (!isSettled(state)) return;
    const key = keyOf(push.accepted.tenant, recipient);
    const open = this.#open.get(key);
    open?.delete(push);
    if (open?.size === 0) this.#open.delete(key);
    if (push.isOpen || this.#settled.has(push)) return;
    this.#settled.set(push, settledAt(state));
    if (!this.#heads.isHead(push)) this.#release(push);
  }

  head(place: Place, resource: string): Promise<ResourceHead | undefined> {
    return Promise.resolve(this.#heads.head(place, resource));
  }

  headsOf(place: Place, module: string): Promise<ResourceHead[]> {
    return Promise.resolve(this.#heads.headsOf(place, module));
  }

  history(place: Place, resource: string): Promise<readonly HistoryStep[]> {
    return Promise.resolve(this.#heads.steps(place, resource));
  }

  openFor(tenant: string, recipient: RecipientId): Promise<TrackedPush[]> {
    const ids = new Set([recipient, recipientIdOf(credentialOf(recipient))]);
    const found = [...ids].flatMap((id) => [...(this.#open.get(keyOf(tenant, id)) ?? [])]);
    return Promise.resolve(found.toSorted((a, b) => a.order - b.order));
  }

  overdue(at: EpochMs): Promise<TrackedPush[]> {
    const open = new Set([...this.#open.values()].flatMap((pushes) => [...pushes]));
    return Promise.resolve([...open].filter(({ accepted }) => accepted.deliverBy <= at));
  }

  tidy(at: EpochMs): void {
    for (const [push, settledAt] of this.#settled) {
      if (this.#settled.size <= settledKept && at - settledAt < settledKeptMs) return;
      this.#forget(push);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Forgets the oldest settled pushes until so much more can be held; answers why it cannot, if it cannot. */
  #makeRoom(accepted: AcceptedPush, weight: number): JournalFull | undefined {
    const refusal = (): JournalFull | undefined => this.#refusal(accepted, weight);
    let left = refusal();
    for (const [push, settledAt] of this.#settled) {
      if (left === undefined) return undefined;
      const { carries, sender, environment } = push.accepted;
      const keptMs = carries === 'patch' ? askedAgainMs : replayMs;
      if (accepted.acceptedAt - settledAt < keptMs) continue;
      const isOfShare = sender.subject === accepted.sender.subject || environment === accepted.environment;
      if (!isOfShare && !this.#holdings.isFull(weight)) continue;
      this.#forget(push);
      left = refusal();
    }
    return left;
  }

  /** What a push takes the place of makes room for it: a delete is possible when everything is full. */
  #refusal(accepted: AcceptedPush, weight: number): JournalFull | undefined {
    const overtaken = this.#heads
      .overtakenBy(accepted, accepted.signed?.patches ?? [])
      .map((push) => ({ owner: push.accepted, body: this.#bodyOf(push) }));
    for (const { owner, body } of overtaken) this.#holdings.add(owner, -body);
    const refusal = this.#holdings.refusal(accepted, weight);
    for (const { owner, body } of overtaken) this.#holdings.add(owner, body);
    return refusal;
  }

  #bodyOf(push: TrackedPush): number {
    return push.body === undefined ? 0 : (this.#weights.get(push)?.body ?? 0);
  }

  #release(push: TrackedPush): void {
    this.#holdings.add(push.accepted, -this.#bodyOf(push));
    push.release();
  }

  #isKnown(push: TrackedPush): boolean {
    return this.#pushes.get(keyOf(push.accepted.tenant, push.accepted.pushGuid)) === push;
  }

  /** What is in place stays held, though nobody can ask for it by its guid any more. */
  #forget(push: TrackedPush): void {
    this.#settled.delete(push);
    if (this.#isKnown(push)) this.#pushes.delete(keyOf(push.accepted.tenant, push.accepted.pushGuid));
    const weight = this.#weights.get(push);
    if (weight === undefined || this.#heads.isHead(push)) return;
    this.#release(push);
    this.#weights.delete(push);
    this.#holdings.add(push.accepted, -weight.facts);
  }

  #openAt(tenant: string, recipient: RecipientId): Set<TrackedPush> {
    const key = keyOf(tenant, recipient);
    const open = this.#open.get(key) ?? new Set<TrackedPush>();
    this.#open.set(key, open);
    return open;
  }
}

const settledAt = (state: TrackState): EpochMs => {
  if ('at' in state) return state.at;
  return state.stage === 'completed' ? state.times.completed : state.times.initialized;
};

/** Tenant names hold no space. */
const keyOf = (tenant: string, id: string): string => `${tenant} ${id}`;
