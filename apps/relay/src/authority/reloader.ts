import type { Clock } from '../clock.ts';
import { factsOf, type Log } from '../log.ts';

const retryMs = 1_000;

/** Reads something anew when it has changed: once for many changes at a time, and again until it works. */
export class Reloader {
  readonly #read: () => Promise<void>;
  readonly #complaint: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #isRunning = false;
  #isWanted = false;
  #isClosed = false;
  #cancelRetry: () => void = () => {};

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

  close(): void {
    this.#isClosed = true;
    this.#cancelRetry();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#isWanted && !this.#isClosed) {
      this.#isWanted = false;
      try {
        await this.#read();
      } catch (error) {
        this.#log.warn(factsOf(error), this.#complaint);
        this.#isWanted = true;
        await new Promise<void>((resolve) => {
          this.#cancelRetry = this.#clock.after(retryMs, resolve);
        });
      }
    }
    this.#isRunning = false;
  }
}
