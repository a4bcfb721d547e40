import type { JournalOffset, SyncMetric } from '@cd-push/protocol';

import type { LineName } from '../sync/line.ts';
import type { ObservedPush, ObservedTrack } from './observed-push.ts';
import type { RetryTold } from './retrier.ts';
import type { RetryDecision } from './retry-plan.ts';

/** Where an observation begins, or goes on after a break. */
export interface Beginning {
  readonly relay: LineName;
  readonly journal: JournalOffset;
  /** `resumed`: all that happened during a break follows. `reset`: some of it nobody can tell any more. */
  readonly kind: 'begun' | 'resumed' | 'reset';
  /** Pushes that are under way and were not known yet, oldest first. */
  readonly open: readonly ObservedPush[];
}

/** A change of one recipient's track, and what a retrier makes of it. */
export interface Moved {
  readonly push: ObservedPush;
  readonly track: ObservedTrack;
  /** Of a failure, where failures are retried. */
  readonly decision: RetryDecision | undefined;
}

/** How pushes go by resource and target, as far as that changed. */
export interface Metrics {
  readonly at: number;
  readonly metrics: readonly SyncMetric[];
}

/** Shows what is observed, to people or to programs. */
export interface ObserveView {
  begun(beginning: Beginning): void;
  away(relay: LineName): void;
  accepted(push: ObservedPush): void;
  moved(moved: Moved): void;
  /** Every recipient of the push has come to an end. */
  over(push: ObservedPush): void;
  metrics(relay: LineName, metrics: Metrics): void;
  retried(push: ObservedPush, told: RetryTold): void;
  close(): void;
}
