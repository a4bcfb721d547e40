import { epochMs, type EpochMs } from '@cd-push/protocol';

/**
 * The servers' clock as seen from here: this machine's clock plus an offset. Each reading of the other side's time
 * bounds the offset to half of its round trip; the reading with the shortest round trip counts.
 *
 * An offset within those bounds is kept as it is: a first reading is often a slow one (a login hashes a password), and
 * two programs on one machine, whose clocks are the same, must not be told apart by half of its duration.
 */
export class RelayClock {
  /** A reading older than this gives way to any newer one: clocks drift, and machines sleep. */
  static readonly #readingLastsMs = 10 * 60_000;

  #offsetMs: number;
  #errorMs = Number.POSITIVE_INFINITY;
  #readAt = 0;

  /** @param offsetMs what an earlier process measured, until this one has read for itself. */
  constructor(offsetMs = 0) {
    this.#offsetMs = offsetMs;
  }

  /** Milliseconds to add to this machine's clock. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  now(): EpochMs {
    return this.at(Date.now());
  }

  /** A time that this machine's clock showed, as the servers' clock. */
  at(localTime: number): EpochMs {
    return epochMs(localTime + this.#offsetMs);
  }

  /**
   * Takes in what the other side's clock showed at some moment between the two local times.
   *
   * @returns whether the reading was better than the one before.
   */
  observe(serverTime: number, sentAt: number, receivedAt: number): boolean {
    const errorMs = (receivedAt - sentAt) / 2;
    const isStale = receivedAt - this.#readAt > RelayClock.#readingLastsMs;
    const midpointMs = serverTime - (sentAt + errorMs);
    // Both cannot be true of one clock: it was set in between.
    const isContradicted = Math.abs(midpointMs - this.#offsetMs) > errorMs + this.#errorMs;
    if (errorMs < 0 || (!isStale && !isContradicted && errorMs >= this.#errorMs)) return false;
    if (Math.abs(midpointMs - this.#offsetMs) > errorMs) this.#offsetMs = midpointMs;
    this.#errorMs = errorMs;
    this.#readAt = receivedAt;
    return true;
  }
}
