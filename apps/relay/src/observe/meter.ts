import {
  isSettled,
  type EpochMs,
  type RecipientId,
  type StageTimes,
  type SyncMetric,
} from '@cd-push/protocol';
import type { RecipientTrack } from '@cd-push/store';

/** Latest durations that a median is taken of. */
const samples = 32;
/** How long a recipient may leave unanswered what was pushed to it before that is told: to restore may take it 2 s. */
export const overdueAfterMs = 5_000;

/** An attempt that may still move. */
interface OpenAttempt {
  /** When it was pushed, as long as nothing was heard of it since. */
  readonly unansweredSince: EpochMs | undefined;
  readonly isDelivered: boolean;
}

/** How pushes of one resource go at one recipient, which runs in one environment. */
export class Meter {
  readonly resource: string;
  readonly recipient: RecipientId;
  readonly environment: string;
  readonly #open = new Map<number, OpenAttempt>();
  readonly #ended = { completed: 0, failed: 0, expired: 0, superseded: 0 };
  readonly #delivered: number[] = [];
  readonly #completed: number[] = [];

  constructor(resource: string, recipient: RecipientId, environment: string) {
    this.resource = resource;
    this.recipient = recipient;
    this.environment = environment;
  }

  get open(): number {
    return this.#open.size;
  }

  /** Since when the oldest of what was pushed waits for an answer. */
  get unansweredSince(): EpochMs | undefined {
    let oldest: EpochMs | undefined;
    for (const { unansweredSince: since } of this.#open.values()) {
      if (since !== undefined && (oldest === undefined || since < oldest)) oldest = since;
    }
    return oldest;
  }

  has(push: number): boolean {
    return this.#open.has(push);
  }

  /** Takes in where an attempt at a push, which is named by its offset, stands by now. */
  take(push: number, { state }: RecipientTrack): void {
    const times: StageTimes = state.times;
    const isDelivered = times.delivered !== undefined;
    if (isDelivered && this.#open.get(push)?.isDelivered !== true)
      keep(this.#delivered, times.relayed, times.delivered);
    if (!isSettled(state)) {
      const unansweredSince = state.stage === 'pushed' ? state.times.pushed : undefined;
      this.#open.set(push, { unansweredSince, isDelivered });
      return;
    }
    this.#open.delete(push);
    switch (state.stage) {
      case 'completed':
        keep(this.#completed, times.relayed, times.completed);
        this.#ended.completed += 1;
        return;
      case 'failed':
      case 'expired':
      case 'superseded':
        this.#ended[state.stage] += 1;
        return;
      case 'initialized':
      case 'relayed':
      case 'pushed':
      case 'delivered':
        return;
      default:
        state satisfies never;
    }
  }

  view(at: EpochMs): SyncMetric {
    const since = this.unansweredSince;
    const waitsMs = since === undefined ? 0 : at - since;
    return {
      resource: this.resource,
      recipient: this.recipient,
      open: this.open,
      ...this.#ended,
      deliveredMs: medianOf(this.#delivered),
      completedMs: medianOf(this.#completed),
      overdueMs: waitsMs > overdueAfterMs ? waitsMs : null,
    };
  }
}

const keep = (durations: number[], from: EpochMs | undefined, to: EpochMs | undefined): void => {
  if (from === undefined || to === undefined) return;
  durations.push(to - from);
  if (durations.length > samples) durations.shift();
};

const medianOf = (durations: readonly number[]): number | null => {
  const sorted = durations.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) return null;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
};
