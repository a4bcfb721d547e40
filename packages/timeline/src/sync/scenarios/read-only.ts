import type { SyncedTimeline, SyncWanted } from '../sync-result.ts';
import type { SagaReport, ScenarioPair, Side } from './scenario.ts';

/**
 * Sagas of two sides of which one may read and not write. It begins all of them, whoever is said to: the other side has no
 * reason to.
 */
export const begunBy =
  (side: Side, sync: (wanted: SyncWanted) => Promise<SagaReport>): ScenarioPair['sync'] =>
  async (initiator, wanted) => {
    const report = await sync(wanted);
    return initiator === side ? report : seenFromTheOtherSide(report);
  };

const turned = { pulled: 'pushed', pushed: 'pulled' } as const;

/** What a saga says of itself, if the one who answered had begun it. */
const seenFromTheOtherSide = ({ result, ...traffic }: SagaReport): SagaReport => ({
  ...traffic,
  result: {
    ...result,
    sent: result.received,
    received: result.sent,
    timelines: result.timelines.map(({ ours, theirs, outcome, ...synced }): SyncedTimeline => ({
      ...synced,
      ours: theirs,
      theirs: ours,
      outcome: outcome === 'pulled' || outcome === 'pushed' ? turned[outcome] : outcome,
    })),
  },
});
