import type { TrackMove } from '../ports/journal.ts';
import type { RecipientTrack } from '../ports/push.ts';
import { endRank, isFurther, rankOf } from './ranks.ts';

/** What stands of a track, and what shall stand. */
interface Merged {
  readonly before: RecipientTrack;
  now: RecipientTrack;
}

export interface MergedMoves {
  /** The tracks that are further than they were, each once. */
  readonly moved: readonly TrackMove[];
  /** By how much the number of open tracks of each push changes; pushes where it stays are left out. */
  readonly opened: readonly { readonly push: number; readonly by: number }[];
  /** The moves that were not made, each with what stands after all of them. */
  readonly overtaken: readonly TrackMove[];
}

/**
 * Takes moves in, one after the other: what is not further changes nothing. However the moves of several writers come
 * together, a track ends at the furthest of them. A move of a track that is not there is left out.
 */
export const mergeMoves = (moves: readonly TrackMove[], standing: readonly TrackMove[]): MergedMoves => {
  const tracks = new Map<string, Merged>(
    standing.map((move) => [keyOf(move), { before: move.track, now: move.track }]),
  );
  const moved = new Map<string, TrackMove>();
  const late: TrackMove[] = [];
  for (const move of moves) {
    const key = keyOf(move);
    const track = tracks.get(key);
    if (track === undefined) continue;
    if (isFurther(move.track, track.now)) {
      track.now = move.track;
      moved.set(key, move);
    } else {
      late.push(move);
    }
  }
  return {
    moved: [...moved.values()],
    opened: openedBy(moved, tracks),
    overtaken: late.map((move) => ({ ...move, track: tracks.get(keyOf(move))?.now ?? move.track })),
  };
};

const openedBy = (
  moved: ReadonlyMap<string, TrackMove>,
  tracks: ReadonlyMap<string, Merged>,
): MergedMoves['opened'] => {
  const changes = new Map<number, number>();
  for (const [key, { push, track }] of moved) {
    const before = tracks.get(key)?.before;
    const change = openOf(track) - (before === undefined ? 0 : openOf(before));
    changes.set(push, (changes.get(push) ?? 0) + change);
  }
  return [...changes].filter(([, by]) => by !== 0).map(([push, by]) => ({ push, by }));
};

const openOf = ({ state }: RecipientTrack): 0 | 1 => (rankOf(state) < endRank ? 1 : 0);

const keyOf = ({ push, recipient }: TrackMove): string => `${push} ${recipient}`;
