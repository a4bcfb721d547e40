import type { Correction, Problem } from '@cd-push/protocol';

import type { LineName } from '../sync/line.ts';

/** One recipient of one push, at the relay that keeps it. */
export interface RetryPlace {
  readonly relay: LineName;
  readonly pushGuid: string;
  readonly recipient: string;
}

export interface RetryLimits {
  /**
   * Attempts of one push at one recipient, the first included. The relay counts them, so it holds for several retriers
   * together, and over their restarts.
   */
  readonly budget: number;
  /** Wait before the second attempt, in milliseconds; each further one waits twice as long, half of it more or less. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** Attempts that are opened within a minute, over all pushes. */
  readonly perMinute: number;
  /** Attempts that are under way at once, over all pushes. */
  readonly atOnce: number;
}

export const retryLimits: Omit<RetryLimits, 'budget'> = {
  firstWaitMs: 1_000,
  longestWaitMs: 30_000,
  perMinute: 30,
  atOnce: 8,
};

/** An attempt that nobody answers stops counting as under way after this. */
const unansweredMs = 30_000;
const minuteMs = 60_000;

/** What becomes of a failure. */
export type RetryDecision =
  | { readonly kind: 'waiting'; readonly attempt: number; readonly inMs: number }
  | { readonly kind: 'spent'; readonly attempts: number }
  | { readonly kind: 'left' };

/** The next attempt at one recipient. */
export interface PlannedRetry extends RetryPlace {
  readonly attempt: number;
  /** When it may be opened, on this machine's clock. */
  readonly dueAt: number;
  /** The file whose arrival there would mend it. */
  readonly missing: string | undefined;
  /** How often the relay could not open it. */
  readonly putBacks: number;
}

/**
 * Whether the very same push may succeed later. Neither where the target gets it by itself when it is back, nor where
 * something else has to happen first, nor what took a program down: that is for a person to try.
 */
const isWorthRetrying = ({ kind }: Problem, { action }: Correction): boolean =>
  action === 'retry' || action === 'push-missing' || (kind === 'apply-failed' && action === 'fix');

/**
 * Which attempts are opened when. Failures come in, what is due goes out; nothing here sends anything. However many
 * failures come, no more leave than the limits allow.
 */
export class RetryPlan {
  readonly #limits: RetryLimits;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #waiting = new Map<string, PlannedRetry>();
  /** When the attempts were opened that are under way. */
  readonly #underWay = new Map<string, number>();
  /** When the attempts of the last minute were opened, in order. */
  #opened: number[] = [];

  constructor(limits: RetryLimits, { now = Date.now, random = Math.random } = {}) {
    this.#limits = limits;
    this.#now = now;
    this.#random = random;
  }

  /** What waits, the next to be opened first. */
  get waiting(): PlannedRetry[] {
    return [...this.#waiting.values()].toSorted((a, b) => a.dueAt - b.dueAt);
  }

  /** Takes in the end of an attempt. */
  failed(place: RetryPlace, attempt: number, problem: Problem, correction: Correction): RetryDecision {
    this.#underWay.delete(keyOf(place));
    this.#waiting.delete(keyOf(place));
    if (!isWorthRetrying(problem, correction)) return { kind: 'left' };
    if (attempt >= this.#limits.budget) return { kind: 'spent', attempts: attempt };
    const inMs = Math.max(this.#backoff(attempt - 1), (problem.retryAfter ?? 0) * 1000);
    this.#waiting.set(keyOf(place), {
      ...placeOf(place),
      attempt: attempt + 1,
      dueAt: this.#now() + inMs,
      missing: correction.action === 'push-missing' ? correction.resource : undefined,
      putBacks: 0,
    });
    return { kind: 'waiting', attempt: attempt + 1, inMs };
  }

  /** Takes in that an attempt goes on, or came to an end with which there is nothing to retry. */
  moved(place: RetryPlace, attempt: number, isSettled: boolean): void {
    const key = keyOf(place);
    const planned = this.#waiting.get(key);
    // Somebody else has opened the attempt that was planned here.
    if (planned !== undefined && planned.attempt <= attempt) this.#waiting.delete(key);
    if (isSettled) this.#underWay.delete(key);
  }

  /** Takes in that files have taken effect at a recipient: what failed there for want of them need not wait. */
  arrived(relay: LineName, recipient: string, resources: readonly string[]): void {
    for (const [key, planned] of this.#waiting) {
      const { missing } = planned;
      if (planned.relay !== relay || planned.recipient !== recipient || missing === undefined) continue;
      if (resources.includes(missing)) this.#waiting.set(key, { ...planned, dueAt: this.#now() });
    }
  }

  /** What is to be opened now; it counts as under way from here on. */
  take(): PlannedRetry[] {
    const now = this.#now();
    this.#forget(now);
    const due = this.waiting.filter(({ dueAt }) => dueAt <= now).slice(0, this.#room());
    for (const planned of due) {
      this.#waiting.delete(keyOf(planned));
      this.#underWay.set(keyOf(planned), now);
      this.#opened.push(now);
    }
    return due;
  }

  /** It could not be opened just now: it waits again, and the attempt is not used up. */
  putBack(planned: PlannedRetry, retryAfterMs: number): void {
    const inMs = Math.max(this.#backoff(planned.putBacks), retryAfterMs);
    this.#underWay.delete(keyOf(planned));
    this.#waiting.set(keyOf(planned), {
      ...planned,
      dueAt: this.#now() + inMs,
      putBacks: planned.putBacks + 1,
    });
  }

  /** It will not be opened. */
  drop(place: RetryPlace): void {
    this.#underWay.delete(keyOf(place));
  }

  /** Milliseconds until there may be something to take; undefined where nothing waits. */
  get nextInMs(): number | undefined {
    const [next] = this.waiting;
    if (next === undefined) return undefined;
    const now = this.#now();
    this.#forget(now);
    const isFull = this.#underWay.size >= this.#limits.atOnce;
    const slotAt = isFull ? Math.min(...this.#underWay.values()) + unansweredMs : now;
    const [first = now] = this.#opened;
    const minuteAt = this.#opened.length >= this.#limits.perMinute ? first + minuteMs : now;
    return Math.max(0, next.dueAt - now, slotAt - now, minuteAt - now);
  }

  #room(): number {
    const { atOnce, perMinute } = this.#limits;
    return Math.max(0, Math.min(atOnce - this.#underWay.size, perMinute - this.#opened.length));
  }

  #forget(now: number): void {
    this.#opened = this.#opened.filter((at) => at > now - minuteMs);
    for (const [key, at] of this.#underWay) if (at <= now - unansweredMs) this.#underWay.delete(key);
  }

  /** Milliseconds to wait after so many waits before. */
  #backoff(waits: number): number {
    const { firstWaitMs, longestWaitMs } = this.#limits;
    return Math.round(Math.min(longestWaitMs, firstWaitMs * 2 ** waits) * (0.5 + this.#random()));
  }
}

const placeOf = ({ relay, pushGuid, recipient }: RetryPlace): RetryPlace => ({ relay, pushGuid, recipient });

const keyOf = ({ relay, pushGuid, recipient }: RetryPlace): string => `${relay} ${pushGuid} ${recipient}`;
