/** Ids that are remembered; what was signed in a session outlives it by less than it takes to end so many. */
const remembered = 10_000;

/** A set that forgets its oldest members first. */
class Recent {
  readonly #ids = new Set<string>();

  add(id: string): void {
    this.#ids.delete(id);
    this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= remembered) break;
      this.#ids.delete(oldest);
    }
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  list(): string[] {
    return [...this.#ids];
  }
}

/**
 * What the api ended. A peer may have been introspected a moment before it heard of the end, so the end is remembered
 * beyond the connections that it cut.
 */
export class Ended {
  /** By logout, or taken back. */
  readonly sessions = new Recent();
  /** Those whose signatures do not count any more. */
  readonly voidedSessions = new Recent();
  /** Removed runtimes, by guid. */
  readonly runtimes = new Recent();
}
