import { limits, problemOf, ProblemError, type Problem } from '@cd-push/protocol';

import type { DoneRecord } from '../record/record-store.ts';
import type { RunningState } from '../record/running-state.ts';
import type { Arrival } from './journal-progress.ts';
import type { Outcome } from './outcomes.ts';
import type { TrustedNotice, TrustedOperation } from './push.ts';

type Message = TrustedNotice | TrustedOperation;

/**
 * One effect for each attempt at a message, over restarts too. That it begins is on the disk before it does: whoever dies
 * in the middle says so and does not begin again, since nobody knows how much of it was had.
 */
export class Ledger {
  readonly #state: RunningState;
  /** What is under way in this life, by push. */
  readonly #running = new Map<string, Promise<Outcome>>();

  constructor(state: RunningState) {
    this.#state = state;
  }

  /** How the message ended, or is ending, so that it must not have its effect now; undefined where it must. */
  outcomeOf({
    statement: { pushGuid },
    parsed: { attempt },
  }: Message): Promise<Outcome> | Outcome | undefined {
    const running = this.#running.get(pushGuid);
    if (running !== undefined) return running;
    const before = this.#state.done(pushGuid);
    if (before === undefined) return undefined;
    if (before.outcome === 'completed') return { completed: true };
    return before.attempt < attempt || before.problem === null
      ? undefined
      : { completed: false, problem: before.problem };
  }

  /**
   * Has the effect. Resolves once it has begun, or is not going to.
   *
   * @param effect rejects with a `ProblemError`, or anything, where it fails.
   */
  async begin(
    message: Message,
    arrival: Arrival,
    effect: () => unknown,
  ): Promise<{ readonly finished: Promise<Outcome> }> {
    const { pushGuid } = message.statement;
    const begun = this.#write(message, 'started', null, null);
    const finished = begun.then(
      () => this.#finish(message, arrival, effect),
      (error: unknown) => failed(unwritable(error)),
    );
    this.#running.set(pushGuid, finished);
    void finished.finally(() => this.#running.delete(pushGuid));
    await begun.catch(() => undefined);
    return { finished };
  }

  async #finish(message: Message, arrival: Arrival, effect: () => unknown): Promise<Outcome> {
    const problem = await problemOfEffect(message, effect);
    // Where this cannot be written any more the effect was had all the same; a later life then says that it does not know.
    await this.#write(message, problem === null ? 'completed' : 'failed', problem, arrival).catch(
      (error: unknown) => console.warn('[cd-push] How a message ended could not be kept.', error),
    );
    return problem === null ? { completed: true } : failed(problem);
  }

  #write(
    { statement, digest, parsed: { attempt } }: Message,
    outcome: DoneRecord['outcome'],
    problem: Problem | null,
    arrival: Arrival | null,
  ): Promise<void> {
    const { pushGuid } = statement;
    const keepUntil = lastMoment(statement) + limits.deliverWithinMs;
    const done = { pushGuid, attempt, statement: digest, outcome, problem, keepUntil };
    return this.#state.settle(done, arrival?.settled() ?? null);
  }
}

/**
 * Until when a message may arrive. What began is remembered for as long again, so that a clock that was set does not
 * bring a repetition to life.
 */
export const lastMoment = ({ deliverBy, issuedAt }: Message['statement']): number =>
  Math.min(deliverBy, issuedAt + limits.deliverWithinMs) + limits.clockSkewMs;

const problemOfEffect = async (message: Message, effect: () => unknown): Promise<Problem | null> => {
  try {
    await effect();
    return null;
  } catch (error) {
    return error instanceof ProblemError ? error.problem : failureOf(message, error);
  }
};

const failureOf = ({ statement }: Message, error: unknown): Problem => {
  const what = statement.kind === 'operation' ? `The operation "${statement.operation}"` : 'The notice';
  return problemOf('apply-failed', {
    detail: `${what} failed: ${error instanceof Error ? error.message : String(error)}`,
    stack: error instanceof Error ? error.stack : undefined,
  });
};

const unwritable = (error: unknown): Problem =>
  problemOf('unavailable', {
    detail: `It was not begun, because that could not be written down first: ${error instanceof Error ? error.message : String(error)}`,
  });

const failed = (problem: Problem): Outcome => ({ completed: false, problem });
