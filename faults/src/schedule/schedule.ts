import { Draw } from './draw.ts';
import { faultKindOf, faultsOf, type FaultName } from './fault-kinds.ts';
import type { Roster } from './roster.ts';

/** One fault as it was drawn. */
export interface PlannedFault {
  readonly fault: FaultName;
  readonly whom: string;
  /** Milliseconds from the beginning of its round. */
  readonly afterMs: number;
  readonly lastsMs: number;
  readonly amount: number;
}

/** Faults that overlap. Before the next round everything works again and everyone has caught up. */
export interface PlannedRound {
  readonly round: number;
  readonly faults: readonly PlannedFault[];
}

/** Milliseconds of a round before its last fault begins. */
const spreadMs = 2_500;

/**
 * Rounds without end, drawn from the seed and from who takes part, and from nothing else: what, when, whom. Kinds are
 * dealt like cards, so that each has come before any comes again.
 */
export function* scheduleOf(seed: number, roster: Roster): Generator<PlannedRound, never, undefined> {
  const draw = new Draw(seed, 'schedule');
  let deck: FaultName[] = [];
  for (let round = 1; ; round += 1) {
    const wanted = draw.pick([2, 3, 3]);
    const faults: PlannedFault[] = [];
    while (faults.length < wanted) {
      if (deck.length === 0) deck = draw.shuffled(faultsOf(roster));
      const fault = deck.pop();
      if (fault !== undefined) faults.push(planned(fault, roster, draw));
    }
    yield { round, faults: faults.toSorted((a, b) => a.afterMs - b.afterMs) };
  }
}

const planned = (fault: FaultName, roster: Roster, draw: Draw): PlannedFault => {
  const { whom, lastsMs, amount } = faultKindOf(fault);
  return {
    fault,
    whom: draw.pick(whom(roster)),
    afterMs: draw.between(0, spreadMs),
    lastsMs: draw.between(...lastsMs),
    amount: amount?.(draw) ?? 1,
  };
};

/** A round as one line. */
export const lineOf = ({ round, faults }: PlannedRound): string => {
  const each = faults.map(
    ({ fault, whom, afterMs, lastsMs, amount }) =>
      `${fault} ${whom}${amount === 1 ? '' : ` ×${amount}`} at ${afterMs} ms for ${lastsMs} ms`,
  );
  return `round ${round}: ${each.join('; ')}`;
};
