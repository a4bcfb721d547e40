import { branded, type RecipientId } from '@cd-push/protocol';

import type { TrackMove } from '../ports/journal.ts';
import { askEach, tell, type Work } from '../statements/work.ts';
import type { Ahead } from './ahead.ts';
import { mergeMoves, type MergedMoves } from './merge-moves.ts';
import { trackColumns, trackOf } from './push-columns.ts';
import type { JournalStatements } from './tables.ts';

/** Moves tracks. */
export interface MoveWork {
  /** What becomes of moves. */
  merge(moves: readonly TrackMove[], ahead: Ahead): Work<MergedMoves>;
  /** Writes those of pushes that stand in the tables. */
  write(ahead: Ahead): Work<void>;
}

export const moveWork = (statements: JournalStatements): MoveWork => {
  const { tables } = statements;
  const select = statements.each('move-select', { push: 'integer', recipient: 'text' }, (input) =>
    tables
      .selectFrom(input)
      .innerJoin('tracks', (join) =>
        join.onRef('tracks.push', '=', 'input.push').onRef('tracks.recipient', '=', 'input.recipient'),
      )
      .select(['tracks.push', 'tracks.recipient', 'tracks.attempt', 'tracks.state']),
  );
  const update = statements.each(
    'move-update',
    {
      push: 'integer',
      recipient: 'text',
      attempt: 'integer',
      rank: 'integer',
      state: 'text',
      moved: 'integer',
    },
    (input) =>
      tables
        .updateTable('tracks')
        .from(input)
        .set((row) => ({
          attempt: row.ref('input.attempt'),
          rank: row.ref('input.rank'),
          state: row.ref('input.state'),
          moved: row.ref('input.moved'),
        }))
        .whereRef('tracks.push', '=', 'input.push')
        .whereRef('tracks.recipient', '=', 'input.recipient'),
  );
  const open = statements.each('move-open', { push: 'integer', by: 'integer' }, (input) =>
    tables
      .updateTable('pushes')
      .from(input)
      .set((row) => ({ open: row('pushes.open', '+', row.ref('input.by')) }))
      .whereRef('pushes.position', '=', 'input.push'),
  );

  return {
    *merge(moves, ahead) {
      if (moves.length === 0) return mergeMoves([], []);
      const known: TrackMove[] = [];
      const sought: { push: number; recipient: RecipientId }[] = [];
      for (const { push, recipient } of uniqueTracks(moves)) {
        const track = ahead.track(push, recipient);
        if (track === undefined) sought.push({ push, recipient });
        else if (track !== null) known.push({ push, recipient, track });
      }
      const read = yield* askEach(select, sought);
      return mergeMoves(moves, [
        ...known,
        ...read.map((row) => ({
          push: row.push,
          recipient: branded<RecipientId>(row.recipient),
          track: trackOf(row),
        })),
      ]);
    },
    *write(ahead) {
      yield* tell(
        update,
        ahead.movedBefore.map(({ push, recipient, track, moved }) => ({
          push,
          recipient,
          ...trackColumns(track),
          moved,
        })),
      );
      yield* tell(open, ahead.openedBefore);
    },
  };
};

const uniqueTracks = (moves: readonly TrackMove[]): Iterable<Pick<TrackMove, 'push' | 'recipient'>> =>
  new Map(moves.map(({ push, recipient }) => [`${push} ${recipient}`, { push, recipient }])).values();
