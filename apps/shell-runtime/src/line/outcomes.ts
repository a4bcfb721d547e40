import type { Problem } from '@cd-push/protocol';

/** How an attempt ended here. */
export type Outcome =
  | { readonly completed: true }
  | {
      readonly completed: false;
      readonly problem: Problem;
      /** Whether nothing was wrong with it but the way to the relay. */
      readonly isCutOff?: boolean;
    };

/** A relay repeats what it saw no answer to; longer ago than this many attempts it did not wait. */
const rememberedAttempts = 1_000;

/** One effect for each attempt at each statement, however often it arrives. */
export class Outcomes {
  readonly #known = new Map<string, Outcome>();

  of(statement: string, attempt: number): Outcome | undefined {
    return this.#known.get(`${attempt} ${statement}`);
  }

  remember(statement: string, attempt: number, outcome: Outcome): void {
    this.#known.set(`${attempt} ${statement}`, outcome);
    if (this.#known.size <= rememberedAttempts) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }
}
