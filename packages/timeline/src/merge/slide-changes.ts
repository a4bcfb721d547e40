/**
 * Moves each run of changed elements as far down as it goes, or to where the other sequence has changed too.
 *
 * A run can be moved by one where the element before it equals its last one, or the element behind it its first: of two
 * equal blocks it makes no difference which of them is the new one. Runs that meet become one. So both sides of a merge
 * see the same block as the new one, and git, which does so too, sees the same conflicts. Answers the steps that it took.
 */
export const slideChanges = (elements: Int32Array, changed: Uint8Array, otherChanged: Uint8Array): number => {
  const run = new Run(changed);
  const other = new Run(otherChanged);
  // What goes through both once is no matter of sliding.
  const atMost = maxSteps + changed.length + otherChanged.length;
  const steps = (): number => run.steps + other.steps;
  for (;;) {
    if (run.end > run.start && steps() <= atMost) {
      let size: number;
      let matched: number | undefined;
      let highest: number;
      do {
        size = run.end - run.start;
        matched = undefined;
        while (run.start > 0 && elements[run.start - 1] === elements[run.end - 1] && steps() <= atMost) {
          run.slideUp();
          other.previous();
        }
        highest = run.end;
        if (other.end > other.start) matched = run.end;
        while (run.end < elements.length && elements[run.start] === elements[run.end] && steps() <= atMost) {
          run.slideDown();
          other.next();
          if (other.end > other.start) matched = run.end;
        }
      } while (size !== run.end - run.start);
      if (matched !== undefined && run.end !== highest) {
        while (other.end === other.start && run.end > matched) {
          run.slideUp();
          other.previous();
        }
      }
    }
    if (!run.next()) return steps();
    other.next();
  }
};

/** Elements that are passed in one sequence while its runs are moved. */
const maxSteps = 1 << 22;

/**
 * One run of changed elements, which may be empty: there is one before each unchanged element, and one at the end. So runs of
 * both sequences correspond by their order.
 */
class Run {
  readonly #changed: Uint8Array;
  start = 0;
  end = 0;
  /** Elements that were passed: a long run is passed again with each shorter one that is moved along it. */
  steps = 0;

  constructor(changed: Uint8Array) {
    this.#changed = changed;
    this.#growDown();
  }

  /** False behind the last run. */
  next(): boolean {
    if (this.end === this.#changed.length) return false;
    this.start = this.end + 1;
    this.end = this.start;
    this.#growDown();
    return true;
  }

  previous(): void {
    this.end = this.start - 1;
    this.start = this.end;
    this.#growUp();
  }

  slideUp(): void {
    this.start -= 1;
    this.end -= 1;
    this.#changed[this.start] = 1;
    this.#changed[this.end] = 0;
    this.#growUp();
  }

  slideDown(): void {
    this.#changed[this.start] = 0;
    this.#changed[this.end] = 1;
    this.start += 1;
    this.end += 1;
    this.#growDown();
  }

  #growUp(): void {
    this.steps += 1;
    while (this.#changed[this.start - 1] === 1) {
      this.start -= 1;
      this.steps += 1;
    }
  }

  #growDown(): void {
    this.steps += 1;
    while (this.#changed[this.end] === 1) {
      this.end += 1;
      this.steps += 1;
    }
  }
}
