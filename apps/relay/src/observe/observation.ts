import { covers, type Observe } from '@cd-push/protocol';
import type { PushFacts } from '@cd-push/store';

import { mayQuery, seesAll, seesFile } from '../authority/session.ts';
import type { Peer } from '../peers/peer.ts';
import { fitsFilter, isAt, maySee, type PushFilter } from '../queries/sight.ts';
import type { Happening } from './happenings.ts';
import type { Meter } from './meter.ts';

/** One connection that is told what happens. What it sees is asked anew each time: its rights may have changed. */
export class Observation {
  readonly peer: Peer;
  /** Whether it hears of tracks and metrics, or of what is accepted and no more. */
  readonly hearsChanges: boolean;
  readonly #filter: PushFilter;
  /** Up to here everything that it sees was told. */
  told: number;
  /** The last place that it heard of. */
  heard: number;
  /** Whether it hears what happens now; before that it is told what has happened. */
  isLive = false;
  /** Whether it was told all metrics, and from there on those that change. */
  hasMetrics = false;

  constructor(peer: Peer, { pushGuid, environment, prefix, recipient, tell }: Observe, from: number) {
    this.peer = peer;
    this.hearsChanges = tell !== 'accepted';
    this.#filter = { pushGuid, environment, prefix, recipient };
    this.told = from;
    this.heard = from;
  }

  /** Whether it sees whatever its tenant does, and hears all of it. */
  get seesEverything(): boolean {
    const { session } = this.peer;
    return (
      this.hearsChanges &&
      mayQuery(session) &&
      seesAll(session) &&
      Object.values(this.#filter).every((member) => member === undefined)
    );
  }

  /** Those of the happenings that it hears of, if it sees them. */
  heardOf(happenings: readonly Happening[]): readonly Happening[] {
    return this.hearsChanges ? happenings : happenings.filter(({ kind }) => kind === 'accepted');
  }

  readonly sees = (facts: PushFacts): boolean => this.mayHear(facts) && fitsFilter(this.#filter, facts);

  /** Whether it may be told of a push, be it one that it asked for or not. */
  readonly mayHear = (facts: Omit<PushFacts, 'recipients'>): boolean => {
    const { session } = this.peer;
    return mayQuery(session) && maySee(session, facts);
  };

  /** Metrics speak of files at a target; whoever observes one push gets none. */
  readonly measures = ({ resource, recipient, environment }: Meter): boolean => {
    const { session } = this.peer;
    const filter = this.#filter;
    return (
      this.hearsChanges &&
      mayQuery(session) &&
      filter.pushGuid === undefined &&
      (filter.environment === undefined || filter.environment === environment) &&
      (filter.prefix === undefined || covers(filter.prefix, resource)) &&
      (filter.recipient === undefined || isAt(filter.recipient, recipient)) &&
      seesFile(session, resource, environment)
    );
  };
}
