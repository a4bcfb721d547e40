import type { AuditChains } from '../audit/audit-chains.ts';
import type { Committed, Group, TrackMove } from '../ports/journal.ts';
import type { Outlives } from '../statements/database.ts';
import type { Work } from '../statements/work.ts';
import { Ahead, type Decision } from './ahead.ts';
import type { JournalRow } from './journal-row.ts';
import type { MoveWork } from './moves.ts';
import type { OfferWork } from './offers.ts';
import type { PresenceWork } from './presence.ts';

/** What a recipient said can be had from it again; what was accepted, ruled or begun anew cannot. */
export const outlives = ({ offers, policies, moves }: Group): Outlives =>
  offers.length > 0 || policies.length > 0 || moves.some(opensAttempt) ? 'power' : 'process';

const opensAttempt = ({ track: { attempt, state } }: TrackMove): boolean =>
  attempt > 1 && state.stage === 'relayed';

/** Takes groups in, all members in their order. */
export interface GroupWork {
  /** What becomes of pushes, moves and rows of the audit; the other members are not looked at. */
  decide(group: Group, ahead: Ahead): Work<Decision>;
  /** Writes what was decided. */
  write(ahead: Ahead, chains?: AuditChains): Work<void>;
  /** Decides and writes a whole group. */
  take(group: Group): Work<Committed>;
}

export const groupWork = ({
  row,
  offers,
  moves,
  presence,
  chains: own,
}: {
  readonly row: JournalRow;
  readonly offers: OfferWork;
  readonly moves: MoveWork;
  readonly presence: PresenceWork;
  readonly chains: AuditChains;
}): GroupWork => {
  function* decide(group: Group, ahead: Ahead): Work<Decision> {
    const before = ahead.position ?? (yield* row.lock());
    const { outcomes, ...taken } = yield* offers.take(group.offers, before, ahead);
    const { overtaken, ...merged } = yield* moves.merge(group.moves, ahead);
    const behind = before + taken.appended.length;
    const offset = merged.moved.length > 0 ? behind + 1 : undefined;
    return {
      committed: { offers: outcomes, offset, overtaken },
      offers: taken,
      moves: merged,
      audit: [...taken.appended.map(({ offer }) => offer.audit), ...group.audit],
      before,
      position: offset ?? behind,
    };
  }

  function* write(ahead: Ahead, chains = own): Work<void> {
    if (ahead.position === undefined) return;
    yield* offers.write(ahead);
    yield* moves.write(ahead);
    yield* chains.append(ahead.audit);
    if (ahead.hasMoved) yield* row.advance(ahead.position);
  }

  return {
    decide,
    write,
    *take(group) {
      const ahead = new Ahead();
      const { committed, ...decided } = yield* decide(group, ahead);
      const place = committed.offset ?? decided.position + 1;
      const isPresent = yield* presence.write(group, place);
      const offset = isPresent ? place : committed.offset;
      ahead.add({ ...decided, committed: { ...committed, offset }, position: offset ?? decided.position });
      yield* write(ahead);
      return { ...committed, offset };
    },
  };
};
