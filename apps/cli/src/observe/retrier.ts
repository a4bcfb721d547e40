import {
  ProblemError,
  type Correction,
  type Problem,
  type RetryPush,
  type RetryPushAnswer,
} from '@cd-push/protocol';

import { explain } from '../talk/explain.ts';
import type { LineName } from '../sync/line.ts';
import type { PlannedRetry, RetryDecision, RetryPlace, RetryPlan } from './retry-plan.ts';

/** What a retrier has to say besides what the tracks tell. */
export type RetryTold =
  | { readonly state: 'opened'; readonly place: RetryPlace; readonly attempt: number }
  | {
      readonly state: 'refused';
      readonly place: RetryPlace;
      readonly sentence: string;
      readonly problem: Problem | undefined;
    };

export interface RetrierOptions {
  readonly plan: RetryPlan;
  readonly request: (relay: LineName, retry: RetryPush) => Promise<RetryPushAnswer>;
  readonly tell: (told: RetryTold) => void;
}

/** Opens new attempts as its plan says, and does nothing when it is not told of failures. */
export class Retrier {
  readonly #options: RetrierOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(options: RetrierOptions) {
    this.#options = options;
  }

  get waiting(): PlannedRetry[] {
    return this.#options.plan.waiting;
  }

  failed(place: RetryPlace, attempt: number, problem: Problem, correction: Correction): RetryDecision {
    const decision = this.#options.plan.failed(place, attempt, problem, correction);
    this.#lookLater();
    return decision;
  }

  moved(place: RetryPlace, attempt: number, isSettled: boolean): void {
    this.#options.plan.moved(place, attempt, isSettled);
    this.#lookLater();
  }

  arrived(relay: LineName, recipient: string, resources: readonly string[]): void {
    this.#options.plan.arrived(relay, recipient, resources);
    this.#lookLater();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #lookLater(): void {
    clearTimeout(this.#timer);
    const inMs = this.#options.plan.nextInMs;
    if (inMs !== undefined && !this.#isClosed) this.#timer = setTimeout(() => this.#look(), inMs);
  }

  #look(): void {
    const due = this.#options.plan.take();
    // The recipients of one push go in one request.
    for (const group of Map.groupBy(due, ({ relay, pushGuid }) => `${relay} ${pushGuid}`).values())
      void this.#open(group);
    this.#lookLater();
  }

  async #open(group: readonly PlannedRetry[]): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const { relay, pushGuid } = first;
    const recipients = group.map(({ recipient }) => recipient);
    try {
      const answer = await this.#options.request(relay, {
        pushGuid,
        stages: ['failed', 'expired'],
        recipients,
      });
      if (!this.#isClosed) for (const planned of group) this.#takeIn(planned, answer);
    } catch (error) {
      if (!this.#isClosed) for (const planned of group) this.#refused(planned, error);
    }
    this.#lookLater();
  }

  #takeIn(planned: PlannedRetry, { attempts, refused }: RetryPushAnswer): void {
    const isHere = ({ recipient }: { recipient: string }): boolean => recipient === planned.recipient;
    const opened = attempts.find(isHere);
    const problem = refused.find(isHere)?.problem;
    if (opened !== undefined)
      this.#options.tell({ state: 'opened', place: planned, attempt: opened.attempt });
    else if (problem !== undefined) this.#refused(planned, new ProblemError(problem));
    else this.#options.plan.drop(planned);
  }

  #refused(planned: PlannedRetry, error: unknown): void {
    const { plan, tell } = this.#options;
    const { sentence, problem } = explain(error);
    if (problem?.retryable === true) {
      plan.putBack(planned, (problem.retryAfter ?? 0) * 1000);
      return;
    }
    plan.drop(planned);
    // It went on meanwhile, as its track tells.
    if (problem?.kind !== 'conflict') tell({ state: 'refused', place: planned, sentence, problem });
  }
}
