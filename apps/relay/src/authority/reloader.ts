import type { Clock } from '../clock.ts';
import { factsOf, type Log } from '../log.ts';

const retryMs = 1_000;

/**
 * Reads something anew when it has changed: one reading at a time, one for many changes that come during the one before, and
 * again until it works.
 */
export class Reloader {
  readonly #read: () => Promise<void>;
  readonly #complaint: string;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Whoever waits for the next reading. */
  #loads: PromiseWithResolvers<void>[] = [];
  #isRunning = false;
  #isWanted = false;
  #isClosed = false;
  #endPause: () => void = () => {};

  constructor(read: () => Promise<void>, complaint: string, clock: Clock, log: Log) {
    this.#read = read;
    this.#complaint = complaint;
    this.#clock = clock;
    this.#log = log;
  }

  request(): void {
    this.#isWanted = true;
    if (!this.#isRunning) void this.#run();
  }

  /**
   * Reads it in turn with what is requested, without waiting for a pause to end.
   *
   * @throws what the reading threw: whoever loads tries again.
   */
  load(): Promise<void> {
    const load = Promise.withResolvers<void>();
    this.#loads.push(load);
    this.#endPause();
    if (!this.#isRunning) void this.#run();
    return load.promise;
  }

  close(): void {
    this.#isClosed = true;
    this.#endPause();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while ((this.#isWanted || this.#loads.length > 0) && !this.#isClosed) {
      const wasWanted = this.#isWanted;
      const loads = this.#loads;
      this.#isWanted = false;
      this.#loads = [];
      try {
        await this.#read();
        for (const load of loads) load.resolve();
      } catch (error) {
        for (const load of loads) load.reject(error);
        if (!wasWanted) continue;
        this.#log.warn(factsOf(error), this.#complaint);
        this.#isWanted = true;
        await this.#pause();
      }
    }
    this.#isRunning = false;
  }

  async #pause(): Promise<void> {
    if (this.#loads.length > 0 || this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(retryMs, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
    this.#endPause = () => {};
  }
}
