import type { AuditChains } from '../audit/audit-chains.ts';
import type { Committed, Group, TrackMove } from '../ports/journal.ts';
import type { Outlives } from '../statements/database.ts';
import type { Work } from '../statements/work.ts';
import type { JournalRow } from './journal-row.ts';
import type { MoveWork } from './moves.ts';
import type { OfferWork } from './offers.ts';
import type { PresenceWork } from './presence.ts';

/** What a recipient said can be had from it again; what was accepted, ruled or begun anew cannot. */
export const outlives = ({ offers, policies, moves }: Group): Outlives =>
  offers.length > 0 || policies.length > 0 || moves.some(opensAttempt) ? 'power' : 'process';

const opensAttempt = ({ track: { attempt, state } }: TrackMove): boolean =>
  attempt > 1 && state.stage === 'relayed';

/** Writes a group, all members in their order. */
export const groupWork = (parts: {
  readonly row: JournalRow;
  readonly offers: OfferWork;
  readonly moves: MoveWork;
  readonly presence: PresenceWork;
  readonly chains: AuditChains;
}): ((group: Group) => Work<Committed>) =>
  function* (group) {
    const { row, offers, moves, presence, chains } = parts;
    const before = yield* row.lock();
    const taken = yield* offers(group.offers, before);
    const place = taken.position + 1;
    const { hasMoved, overtaken } = yield* moves(group.moves, place);
    const isPresent = yield* presence.write(group, place);
    const offset = hasMoved || isPresent ? place : undefined;
    yield* chains.append([...taken.audit, ...group.audit]);
    const after = offset ?? taken.position;
    if (after > before) yield* row.advance(after);
    return { offers: taken.outcomes, offset, overtaken };
  };
