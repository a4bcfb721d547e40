import type { StoredPush } from '@cd-push/store';

import { TrackedPush } from './tracked-push.ts';

/** About bytes of pushes that are kept at hand. */
const usualCapacity = 128 * 1024 * 1024;
/** About bytes that a push, a recipient's track and a patch take besides their texts. */
const perPush = 4_096;
const perTrack = 512;
const perPatch = 512;

/**
 * Pushes in memory: each is there once, for as long as anybody holds it, and the latest used are kept at hand. A push whose
 * moves are not written yet is held by whoever will write them.
 */
export class PushCache {
  readonly #capacity: number;
  readonly #all = new Map<number, WeakRef<TrackedPush>>();
  readonly #offsets = new Map<string, number>();
  /** Latest used last. */
  readonly #atHand = new Map<number, { readonly push: TrackedPush; readonly weight: number }>();
  readonly #collected = new FinalizationRegistry<{ readonly offset: number; readonly key: string }>(
    ({ offset, key }) => {
      // Another may have been made under the same offset since.
      if (this.#all.get(offset)?.deref() !== undefined) return;
      this.#all.delete(offset);
      this.#offsets.delete(key);
    },
  );
  #weight = 0;

  /** @param capacity in bytes, about. */
  constructor(capacity = usualCapacity) {
    this.#capacity = capacity;
  }

  at(offset: number): TrackedPush | undefined {
    const push = this.#all.get(offset)?.deref();
    if (push !== undefined) this.#use(push);
    return push;
  }

  find(tenant: string, pushGuid: string): TrackedPush | undefined {
    const offset = this.#offsets.get(keyOf(tenant, pushGuid));
    return offset === undefined ? undefined : this.at(offset);
  }

  /** The push of a row that was read. One that is in memory already takes in what the row knows further. */
  of(stored: StoredPush): TrackedPush {
    const known = this.at(stored.offset);
    if (known !== undefined) {
      for (const [recipient, track] of stored.tracks) known.written(recipient, track);
      return known;
    }
    const push = new TrackedPush(stored);
    const { tenant, pushGuid } = stored.facts;
    const key = keyOf(tenant, pushGuid);
    this.#all.set(push.offset, new WeakRef(push));
    this.#offsets.set(key, push.offset);
    this.#collected.register(push, { offset: push.offset, key });
    this.#use(push);
    return push;
  }

  #use(push: TrackedPush): void {
    const known = this.#atHand.get(push.offset);
    const used = known?.push === push ? known : { push, weight: weightOf(push) };
    this.#weight += used.weight - (known?.weight ?? 0);
    this.#atHand.delete(push.offset);
    this.#atHand.set(push.offset, used);
    for (const [offset, oldest] of this.#atHand) {
      if (this.#weight <= this.#capacity || oldest === used) return;
      this.#atHand.delete(offset);
      this.#weight -= oldest.weight;
    }
  }
}

const weightOf = ({ tracks, accepted: { signed } }: TrackedPush): number => {
  const own = perPush + tracks.size * perTrack;
  if (signed === undefined) return own;
  return signed.patches.reduce(
    // Names may be of any script.
    (sum, { resource, from = '' }) => sum + perPatch + 2 * (resource.length + from.length),
    own + signed.statement.length + signed.certificate.length,
  );
};

/** Tenant names hold no space. */
const keyOf = (tenant: string, pushGuid: string): string => `${tenant} ${pushGuid}`;
