import { branded, type RecipientId } from '@cd-push/protocol';

import type { TrackMove } from '../ports/journal.ts';
import { askEach, tell, type Work } from '../statements/work.ts';
import { writeJson } from './json-columns.ts';
import { mergeMoves } from './merge-moves.ts';
import { trackOf } from './push-columns.ts';
import { rankOf } from './ranks.ts';
import type { JournalStatements } from './tables.ts';

/** Moves tracks at a place of the journal that is locked. */
export type MoveWork = (
  moves: readonly TrackMove[],
  position: number,
) => Work<{ readonly hasMoved: boolean; readonly overtaken: readonly TrackMove[] }>;

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

  return function* (moves, position) {
    if (moves.length === 0) return { hasMoved: false, overtaken: [] };
    const standing = yield* askEach(select, uniqueTracks(moves));
    const { moved, opened, overtaken } = mergeMoves(
      moves,
      standing.map((row) => ({
        push: row.push,
        recipient: branded<RecipientId>(row.recipient),
        track: trackOf(row),
      })),
    );
    yield* tell(
      update,
      moved.map(({ push, recipient, track }) => ({
        push,
        recipient,
        attempt: track.attempt,
        rank: rankOf(track.state),
        state: writeJson('state', { ...track.state, instance: track.instance }),
        moved: position,
      })),
    );
    yield* tell(open, opened);
    return { hasMoved: moved.length > 0, overtaken };
  };
};

const uniqueTracks = (moves: readonly TrackMove[]): { push: number; recipient: string }[] => [
  ...new Map(moves.map(({ push, recipient }) => [`${push} ${recipient}`, { push, recipient }])).values(),
];
