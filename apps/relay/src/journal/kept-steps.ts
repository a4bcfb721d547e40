import type { HistoryStep } from './journal.ts';

/** Steps kept per resource: what `pushData.skipped` can hold. A receiver that is further behind reports a broken chain. */
const perResource = 10_000;
/** A step without its texts. */
const perStep = 300;

/** The histories of all resources together: past their bound in bytes the oldest steps go, whosever they are. */
export class KeptSteps {
  readonly #capacity: number;
  /** Each step with the history that it stands at the front of, or will; oldest first. */
  readonly #histories = new Map<HistoryStep, HistoryStep[]>();
  /** Steps that one push left, by its order: they share its texts. */
  readonly #byPush = new Map<number, number>();
  #weight = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(history: HistoryStep[], step: HistoryStep): void {
    history.push(step);
    this.#histories.set(step, history);
    const sharing = this.#byPush.get(step.order) ?? 0;
    this.#byPush.set(step.order, sharing + 1);
    this.#weight += perStep + (sharing === 0 ? textOf(step) : 0);
    if (history.length > perResource) this.#drop(history);
    for (const oldest of this.#histories.values()) {
      if (this.#weight <= this.#capacity) break;
      this.#drop(oldest);
    }
  }

  #drop(history: HistoryStep[]): void {
    const step = history.shift();
    if (step === undefined) return;
    this.#histories.delete(step);
    const sharing = (this.#byPush.get(step.order) ?? 1) - 1;
    if (sharing === 0) this.#byPush.delete(step.order);
    else this.#byPush.set(step.order, sharing);
    this.#weight -= perStep + (sharing === 0 ? textOf(step) : 0);
  }
}

const textOf = ({ statement, certificate }: HistoryStep): number => statement.length + certificate.length;
