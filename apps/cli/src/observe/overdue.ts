import type { SyncMetric } from '@cd-push/protocol';

import type { LineName } from '../sync/line.ts';
import type { RecipientNames } from '../sync/recipient-names.ts';
import { cut } from '../talk/fold.ts';
import type { Pen } from '../talk/pen.ts';
import type { Metrics } from './observe-view.ts';

/** Pairs of a resource and a target that are remembered, the latest ones. */
const remembered = 10_000;

/** Who has not answered for long, as relays tell. */
export class Overdue {
  readonly #metrics = new Map<string, SyncMetric>();

  take(relay: LineName, { metrics }: Metrics): void {
    for (const metric of metrics) {
      const key = `${relay} ${metric.recipient} ${metric.resource}`;
      // The latest are the last, so that the first can be let go of.
      this.#metrics.delete(key);
      if (metric.overdueMs !== null) this.#metrics.set(key, metric);
    }
    for (const key of this.#metrics.keys()) {
      if (this.#metrics.size <= remembered) break;
      this.#metrics.delete(key);
    }
  }

  /** Whoever is silent for the longest; nothing where nobody is. */
  lines(pen: Pen, names: RecipientNames): string[] {
    const [longest] = [...this.#metrics.values()]
      .flatMap(({ overdueMs, ...metric }) => (overdueMs === null ? [] : [{ ...metric, overdueMs }]))
      .toSorted((a, b) => b.overdueMs - a.overdueMs);
    if (longest === undefined) return [];
    const { recipient, resource, overdueMs } = longest;
    const late = `${names.nameOf(recipient)} has not answered ${resource} for more than ${Math.floor(overdueMs / 1000)} s`;
    return [pen.paint('yellow', cut(late, pen.columns, pen.marks.cut))];
  }
}
