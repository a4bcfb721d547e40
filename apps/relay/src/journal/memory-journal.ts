import {
  credentialOf,
  isSettled,
  recipientIdOf,
  type EpochMs,
  type PatchContent,
  type PatchHead,
  type RecipientId,
  type TrackState,
} from '@cd-push/protocol';

import { Heads } from './heads.ts';
import type { Appended, HistoryStep, Journal, Misfit, Place, ResourceHead } from './journal.ts';
import { TrackedPush, type AcceptedPush, type PushBody, type RecipientTrack } from './tracked-push.ts';

/** Settled pushes stay known, so that a late repeat gets the first answer, for so long and up to so many. */
const settledKeptMs = 60 * 60 * 1000;
const settledKept = 20_000;
/** UTF-16 units of contents and messages that are held for heads and for whoever is absent. */
const usualCapacity = 512 * 1024 * 1024;

/** A journal that its process takes with it: durable only while the relay runs. */
export class MemoryJournal implements Journal {
  readonly #pushes = new Map<string, TrackedPush>();
  readonly #heads = new Heads();
  /** Open pushes by tenant and recipient. */
  readonly #open = new Map<string, Set<TrackedPush>>();
  /** Settled pushes with the time of settling, oldest first. */
  readonly #settled = new Map<TrackedPush, EpochMs>();
  readonly #capacity: number;
  #held = 0;
  #order = 0;

  /** @param capacity what may be held at a time; above it no push is taken. */
  constructor(capacity = usualCapacity) {
    this.#capacity = capacity;
  }

  append(accepted: AcceptedPush): Promise<Appended> {
    const key = keyOf(accepted.tenant, accepted.pushGuid);
    const known = this.#pushes.get(key);
    if (known !== undefined) return Promise.resolve({ outcome: 'repeated', push: known });
    const misfit = this.#heads.misfit(accepted, accepted.signed?.patches ?? []);
    if (misfit !== undefined) return Promise.resolve({ outcome: 'misfit', misfit });
    const weight = weightOf(accepted.body);
    if (this.#held + weight > this.#capacity) {
      return Promise.reject(new Error('The journal in memory is full of pushes that are still owed.'));
    }
    this.#held += weight;
    this.#order += 1;
    const push = new TrackedPush(accepted, this.#order);
    this.#pushes.set(key, push);
    for (const recipient of accepted.recipients) this.#openAt(accepted.tenant, recipient).add(push);
    const overtaken = this.#heads.put(accepted, push);
    for (const before of overtaken) this.#release(before);
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
      this.#settled.delete(push);
      this.#pushes.delete(keyOf(push.accepted.tenant, push.accepted.pushGuid));
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #release(push: TrackedPush): void {
    if (push.body !== undefined) this.#held -= weightOf(push.body);
    push.release();
  }

  #openAt(tenant: string, recipient: RecipientId): Set<TrackedPush> {
    const key = keyOf(tenant, recipient);
    const open = this.#open.get(key) ?? new Set<TrackedPush>();
    this.#open.set(key, open);
    return open;
  }
}

const weightOf = ({ envelope, contents }: PushBody): number => {
  const { m } = envelope.pushData;
  // Existing clients send any JSON.
  const message = typeof m === 'string' ? m.length : JSON.stringify(m ?? null).length;
  return contents.reduce((sum, content) => sum + contentWeight(content), message);
};

const contentWeight = (content: PatchContent): number => {
  switch (content.encoding) {
    case 'text':
      return content.text.length + (content.map?.length ?? 0);
    case 'base64':
      return content.base64.length;
    case 'delta':
    case 'none':
      return 0;
    default:
      return content satisfies never;
  }
};

const settledAt = (state: TrackState): EpochMs => {
  if ('at' in state) return state.at;
  return state.stage === 'completed' ? state.times.completed : state.times.initialized;
};

/** Tenant names hold no space. */
const keyOf = (tenant: string, id: string): string => `${tenant} ${id}`;
