/** A place in the line of everything that touches the same things. */
export interface Turn {
  /** Resolves when whatever stood before has ended; undefined where nothing did. It never rejects. */
  readonly ready: Promise<unknown> | undefined;
  /** Lets those behind go on. */
  end(): void;
}

/** Who may go when: in the order of asking among those that share a key, and at once where no key is shared. */
export class Turns {
  /** By key: the end of the last turn that was given. */
  readonly #ends = new Map<string, Promise<void>>();

  take(keys: readonly string[]): Turn {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const before = new Set(keys.flatMap((key) => this.#ends.get(key) ?? []));
    for (const key of keys) this.#ends.set(key, ended);
    return {
      ready: before.size === 0 ? undefined : Promise.all(before),
      end: () => {
        for (const key of keys) if (this.#ends.get(key) === ended) this.#ends.delete(key);
        resolve();
      },
    };
  }
}
