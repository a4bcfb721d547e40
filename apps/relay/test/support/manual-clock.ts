import { epochMs, type EpochMs } from '@cd-push/protocol';

import type { Clock } from '../../src/clock.ts';

/** A clock that stands until it is moved. It starts at the real time, since signatures are checked against it. */
export class ManualClock implements Clock {
  #now = Date.now();
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  /** How many wait to be called back. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): EpochMs {
    return epochMs(this.#now);
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves on, calling back what falls due, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }
}
