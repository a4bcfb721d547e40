import { factsOf, type Log } from '../log.ts';

/** Who wants to hear of something. One that throws keeps nobody else from hearing it. */
export class Listeners<Told extends readonly unknown[]> {
  readonly #log: Log;
  readonly #all = new Set<(...told: Told) => void>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Answers how to stop. */
  add(listener: (...told: Told) => void): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  tell(...told: Told): void {
    for (const listener of this.#all) {
      try {
        listener(...told);
      } catch (error) {
        this.#log.error(factsOf(error), 'What the journal told was not taken well.');
      }
    }
  }
}
