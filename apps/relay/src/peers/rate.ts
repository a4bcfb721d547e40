import { ProblemError, problemOf, type Problem } from '@cd-push/protocol';
import { stepsOfBrought, type MergeSteps } from '@cd-push/timeline';

import type { Clock } from '../clock.ts';

export interface RateLimits {
  /** Pushes and queries of one session per second, in the long run. */
  readonly perSecond: number;
  /** How many of them may come at once. */
  readonly burst: number;
}

export const defaultRate: RateLimits = { perSecond: 200, burst: 400 };

/**
 * Acknowledgements of one connection: two for each push, and as many pushes as all senders together may bring it. None
 * that takes in what it is sent comes near.
 */
export const acknowledgementRate: RateLimits = { perSecond: 10_000, burst: 50_000 };

/** Rows of the journal that count for one query that reads little. */
const rowsPerToken = 100;

/** What reading so many rows of the journal costs. */
export const costOfRows = (rows: number): number => Math.ceil(rows / rowsPerToken);

/** Bytes of a content that count for one query. */
const bytesPerToken = 512 * 1024;

export const costOfBytes = (bytes: number): number => Math.floor(bytes / bytesPerToken);

/** Steps of making merges again that count for one query: a millisecond or two of work. */
const stepsPerToken = 100_000;
/** Tokens that one sender may owe for work that is under way, over all of its connections: two of the largest at a time. */
const owedAtMost = (2 * stepsOfBrought) / stepsPerToken;

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

  /** Takes as many tokens as something costs, or says when there will be so many. */
  take(session: string, cost = 1): Problem | undefined {
    const { perSecond, burst } = this.#limits;
    const bucket = this.#filled(session);
    // What costs more than there ever is waits for a full bucket, and for what comes after it to be made up for.
    const least = Math.min(cost, burst);
    if (bucket.tokens >= least) {
      bucket.tokens -= cost;
      return undefined;
    }
    return problemOf('rate-limited', { retryAfter: (least - bucket.tokens) / perSecond });
  }

  /**
   * Takes what is known only afterwards to have been the cost. There may be less than that: what comes next waits until
   * it is made up for.
   */
  charge(session: string, cost: number): void {
    this.#filled(session).tokens -= cost;
  }

  /**
   * Takes what work costs as it goes on. Where its sender owes too much by then, the work ends.
   *
   * @throws {ProblemError} `rate-limited`, from the steps.
   */
  stepsOf(session: string): MergeSteps {
    return (steps) => {
      const bucket = this.#filled(session);
      bucket.tokens -= steps / stepsPerToken;
      if (bucket.tokens >= -owedAtMost) return;
      const retryAfter = -bucket.tokens / this.#limits.perSecond;
      throw new ProblemError(problemOf('rate-limited', { retryAfter }));
    };
  }

  #filled(session: string): Bucket {
    const { perSecond, burst } = this.#limits;
    const at = this.#clock.now();
    const bucket = this.#buckets.get(session) ?? this.#fresh(session, at);
    bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, at - bucket.at) / 1000) * perSecond);
    bucket.at = at;
    return bucket;
  }

  #fresh(session: string, at: number): Bucket {
    if (this.#buckets.size >= kept) this.#forgetFull(at);
    const bucket: Bucket = { tokens: this.#limits.burst, at };
    this.#buckets.set(session, bucket);
    return bucket;
  }

  #forgetFull(at: number): void {
    const { perSecond, burst } = this.#limits;
    for (const [session, { tokens, at: since }] of this.#buckets) {
      if (tokens + ((at - since) / 1000) * perSecond >= burst) this.#buckets.delete(session);
    }
  }
}
