import type { EpochMs, RecipientId } from '@cd-push/protocol';
import type { PushFacts, RecipientTrack } from '@cd-push/store';

import { Meter, overdueAfterMs } from './meter.ts';

/** Pairs of a resource and a recipient that are counted; past it what did not change for longest is forgotten. */
const metersKept = 10_000;
/** Open attempts that are known, over all pairs; past it further ones are not counted as open. */
const openKept = 100_000;

/** Counts how pushes go, for each resource at each recipient, in bounded memory. */
export class Meters {
  readonly #kept: number;
  readonly #openKept: number;
  /** Latest changed last. */
  readonly #meters = new Map<string, Meter>();
  #changed = new Set<Meter>();
  /** Those with something unanswered, each with how often its delay was told. */
  readonly #unanswered = new Map<Meter, number>();
  #open = 0;

  constructor(kept = metersKept, openKeptInAll = openKept) {
    this.#kept = kept;
    this.#openKept = openKeptInAll;
  }

  /** Whether anything is to be told, now or when it has been unanswered for long enough. */
  get isStirring(): boolean {
    return this.#changed.size > 0 || this.#unanswered.size > 0;
  }

  /** Takes in where a push stands at a recipient by now. */
  take(facts: PushFacts, push: number, recipient: RecipientId, track: RecipientTrack): void {
    for (const resource of this.#counted(facts)) {
      const meter = this.#meter(resource, recipient, facts.environment);
      if (!meter.has(push) && this.#open >= this.#openKept) continue;
      const before = meter.open;
      meter.take(push, track);
      this.#open += meter.open - before;
      this.#changed.add(meter);
      if (meter.unansweredSince === undefined) this.#unanswered.delete(meter);
      else if (!this.#unanswered.has(meter)) this.#unanswered.set(meter, 0);
    }
  }

  /** Those that changed since the last call, or whose delay has doubled since it was told. */
  takeChanged(at: EpochMs): Meter[] {
    for (const [meter, told] of this.#unanswered) {
      const delay = delayOf(at - (meter.unansweredSince ?? at));
      if (delay === told) continue;
      this.#unanswered.set(meter, delay);
      this.#changed.add(meter);
    }
    const changed = [...this.#changed];
    this.#changed = new Set();
    return changed;
  }

  all(): Iterable<Meter> {
    return this.#meters.values();
  }

  /** A push of many files to many recipients takes no more of the pairs than there are, and is counted by its first. */
  #counted({ signed, recipients }: PushFacts): string[] {
    const atMost = Math.max(1, Math.floor(this.#kept / recipients.length));
    return (signed?.patches ?? []).slice(0, atMost).map(({ resource }) => resource);
  }

  #meter(resource: string, recipient: RecipientId, environment: string): Meter {
    const key = `${recipient} ${resource}`;
    const meter = this.#meters.get(key) ?? new Meter(resource, recipient, environment);
    this.#meters.delete(key);
    this.#meters.set(key, meter);
    for (const [oldest, forgotten] of this.#meters) {
      if (this.#meters.size <= this.#kept) break;
      this.#meters.delete(oldest);
      this.#changed.delete(forgotten);
      this.#unanswered.delete(forgotten);
      this.#open -= forgotten.open;
    }
    return meter;
  }
}

/** 0 for what is not told yet, then one more with each doubling, so that what hangs for a day is told a few times. */
const delayOf = (ms: number): number =>
  ms <= overdueAfterMs ? 0 : 1 + Math.floor(Math.log2(ms / overdueAfterMs));
