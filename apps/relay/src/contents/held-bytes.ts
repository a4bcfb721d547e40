/**
 * Bytes of contents in this process's memory. One may be as large as many thousand messages, so that what is taken in and
 * given out at a time is bounded: in all, and of each subject, so that nobody takes the room of all others.
 */
export class HeldBytes {
  readonly #inAll: number;
  readonly #ofOne: number;
  readonly #of = new Map<string, number>();
  #all = 0;

  constructor(bounds: { readonly inAll: number; readonly ofOne: number }) {
    this.#inAll = bounds.inAll;
    this.#ofOne = bounds.ofOne;
  }

  /** Bytes that a subject holds. */
  of(subject: string): number {
    return this.#of.get(subject) ?? 0;
  }

  /** Takes room for so many bytes; answers how to give it back, once, or undefined where there is none now. */
  take(subject: string, bytes: number): (() => void) | undefined {
    const own = this.of(subject);
    if (this.#all + bytes > this.#inAll || own + bytes > this.#ofOne) return undefined;
    this.#all += bytes;
    this.#of.set(subject, own + bytes);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#all -= bytes;
      const left = this.of(subject) - bytes;
      if (left === 0) this.#of.delete(subject);
      else this.#of.set(subject, left);
    };
  }
}
