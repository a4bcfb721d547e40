import type { Clock } from '../clock.ts';

/** Half a megabit: a content of the largest size is across in 17 minutes, and nobody holds one for longer. */
const bytesPerSecond = 64 * 1024;
const lookEveryMs = 10_000;

/** Ends an exchange that goes on too slowly: what it holds is wanted by others. */
export class Pace {
  readonly #clock: Clock;
  readonly #tooSlow: () => void;
  #moved = 0;
  #cancel: () => void = () => {};

  constructor(clock: Clock, tooSlow: () => void) {
    this.#clock = clock;
    this.#tooSlow = tooSlow;
    this.#watch();
  }

  moved(bytes: number): void {
    this.#moved += bytes;
  }

  over(): void {
    this.#cancel();
  }

  #watch(): void {
    this.#cancel = this.#clock.after(lookEveryMs, () => {
      if (this.#moved < (bytesPerSecond * lookEveryMs) / 1000) {
        this.#tooSlow();
        return;
      }
      this.#moved = 0;
      this.#watch();
    });
  }
}
