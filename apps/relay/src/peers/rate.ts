import { problemOf, type Problem } from '@cd-push/protocol';

import type { Clock } from '../clock.ts';

export interface RateLimits {
  /** Pushes and queries of one session per second, in the long run. */
  readonly perSecond: number;
  /** How many of them may come at once. */
  readonly burst: number;
}

export const defaultRate: RateLimits = { perSecond: 200, burst: 400 };

interface Bucket {
  tokens: number;
  at: number;
}

/** Sessions whose buckets are kept; a full one that is forgotten and made anew is the same. */
const kept = 10_000;

/** One token bucket per session, over all of its connections. */
export class Rate {
  readonly #limits: RateLimits;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limits: RateLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Takes one token, or says when there will be one. */
  take(session: string): Problem | undefined {
    const { perSecond, burst } = this.#limits;
    const at = this.#clock.now();
    const bucket = this.#buckets.get(session) ?? this.#fresh(session, at);
    bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, at - bucket.at) / 1000) * perSecond);
    bucket.at = at;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return undefined;
    }
    return problemOf('rate-limited', { retryAfter: (1 - bucket.tokens) / perSecond });
  }

  #fresh(session: string, at: number): Bucket {
    if (this.#buckets.size >= kept) this.#forgetFull(at);
    const bucket: Bucket = { tokens: this.#limits.burst, at };
    this.#buckets.set(session, bucket);
    return bucket;
  }

  #forgetFull(at: number): void {
    const fullAfterMs = (this.#limits.burst / this.#limits.perSecond) * 1000;
    for (const [session, bucket] of this.#buckets) {
      if (at - bucket.at >= fullAfterMs) this.#buckets.delete(session);
    }
  }
}
