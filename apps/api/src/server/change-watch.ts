import type { ChangeFeed } from '@cd-push/store';

/** How long after its commit a change of another process is noticed at most. */
const everyMs = 500;

/**
 * Calls followers of the change feed when it has grown: at once for what this process wrote, and within half a second for
 * what another process on the same database did. It looks only while somebody follows.
 */
export class ChangeWatch {
  readonly #changes: ChangeFeed;
  readonly #onFailure: (error: unknown) => void;
  readonly #listeners = new Set<() => void>();
  #head = 0;
  #stop: (() => void) | undefined;

  /** @param onFailure hears why the feed could not be looked at, once until it can be again. */
  constructor(changes: ChangeFeed, onFailure: (error: unknown) => void) {
    this.#changes = changes;
    this.#onFailure = onFailure;
  }

  /** Answers how to stop. A follower looks by itself when it begins. */
  onAppended(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#stop ??= this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stop?.();
      this.#stop = undefined;
    };
  }

  #start(): () => void {
    const forget = this.#changes.onAppended(() => this.#wake());
    let isLooking = false;
    let isFailing = false;
    const look = async (): Promise<void> => {
      if (isLooking) return;
      isLooking = true;
      try {
        const head = await this.#changes.head();
        // Also where it is lower: the database was put back to an earlier state, which followers have to find out.
        if (head !== this.#head) this.#wake();
        this.#head = head;
        isFailing = false;
      } catch (error) {
        if (!isFailing) this.#onFailure(error);
        isFailing = true;
      } finally {
        isLooking = false;
      }
    };
    const timer = setInterval(() => void look(), everyMs).unref();
    return () => {
      forget();
      clearInterval(timer);
    };
  }

  #wake(): void {
    for (const listener of this.#listeners) listener();
  }
}
