/** Work that is done one time after the other; whoever asks while it is under way shares the next time. */
export class Turns {
  readonly #work: () => Promise<void>;
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  /** Resolves, or rejects, with the next time that begins from now on. */
  next(): Promise<void> {
    this.#next ??= this.#last
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#work();
      });
    this.#last = this.#next;
    return this.#next;
  }
}
