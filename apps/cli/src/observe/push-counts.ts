import type { Progress } from '@cd-push/protocol';

import { shownTime } from '../history/shown-time.ts';
import { cut } from '../talk/fold.ts';
import type { Pen } from '../talk/pen.ts';
import type { ObservedPush } from './observed-push.ts';

/** Latest durations of which the middle one is told. */
const remembered = 1_000;

const ends = ['completed', 'partial', 'failed', 'expired'] as const;
type End = Exclude<Progress['outcome'], 'open'>;

/**
 * How the pushes came out that were seen to end, patches, notices and operations alike. A push that fails and completes
 * in another attempt has come to both, so that no count ever goes back.
 */
export class PushCounts {
  readonly #since = Date.now();
  readonly #counts = new Map<End, number>();
  /** What each push was counted as. */
  readonly #counted = new WeakMap<ObservedPush, Set<End>>();
  readonly #tookMs: number[] = [];

  /** Takes in that every recipient of a push has come to an end. */
  over(push: ObservedPush): void {
    const { outcome } = push.progress;
    const counted = this.#counted.get(push) ?? new Set();
    if (outcome === 'open' || counted.has(outcome)) return;
    this.#counted.set(push, counted.add(outcome));
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
    if (outcome !== 'completed') return;
    const times = [...push.tracks.values()].flatMap(({ state }) =>
      state.stage === 'completed' ? [state.times.completed] : [],
    );
    this.#tookMs.push(Math.max(...times) - push.initTime);
    if (this.#tookMs.length > remembered) this.#tookMs.shift();
  }

  /** @param open how many pushes are under way. */
  lines(pen: Pen, open: number): string[] {
    if (open === 0 && this.#counts.size === 0) return [];
    const usual = this.#tookMs.toSorted((a, b) => a - b)[Math.floor(this.#tookMs.length / 2)];
    const text = [
      `since ${shownTime(this.#since, Date.now())}`,
      ...(open === 0 ? [] : [`${open} open`]),
      ...ends.flatMap((end) => {
        const count = this.#counts.get(end) ?? 0;
        return count > 0 || end === 'completed' ? [`${count} ${end}`] : [];
      }),
      ...(usual === undefined ? [] : [`usually ${usual} ms`]),
    ].join(` ${pen.marks.dot} `);
    return [pen.paint('dim', cut(text, pen.columns, pen.marks.cut))];
  }
}
