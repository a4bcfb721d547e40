import type { PushAccepted, PushView, RecipientId, TrackChange, TrackChanges } from '@cd-push/protocol';
import type { ListedPush, PushFacts, RecipientTrack, WrittenFacts } from '@cd-push/store';

import type { Journal } from '../journal/journal.ts';
import { TrackedPush, tracksAtAcceptance } from '../journal/tracked-push.ts';
import { tracksTogether } from '../queries/find-pushes.ts';
import { changeOf, viewOf, type Surroundings } from '../queries/push-view.ts';

/** What stands at one place of the journal, as observers are told of it. */
export type Happening =
  | { readonly kind: 'accepted'; readonly offset: number; readonly facts: PushFacts; readonly view: PushView }
  | { readonly kind: 'changes'; readonly offset: number; readonly changes: readonly SeenChange[] };

interface SeenChange {
  readonly facts: PushFacts;
  readonly change: TrackChange;
}

/** As it was accepted, whatever has become of it since: that is told in its place. */
export const acceptedHappening = (
  { offset, accepted }: Pick<TrackedPush, 'offset' | 'accepted'>,
  around: Surroundings,
): Happening => {
  const tracks = tracksAtAcceptance(accepted);
  const view = viewOf(new TrackedPush({ offset, facts: accepted, tracks }), around);
  return { kind: 'accepted', offset, facts: accepted, view };
};

export const changesHappening = (
  offset: number,
  changes: readonly {
    readonly push: TrackedPush;
    readonly recipient: RecipientId;
    readonly track: RecipientTrack;
  }[],
  around: Surroundings,
): Happening => ({
  kind: 'changes',
  offset,
  changes: changes.flatMap(({ push: { accepted }, recipient, track }) => {
    const change = changeOf(accepted, recipient, track, around);
    return change === undefined ? [] : [{ facts: accepted, change }];
  }),
});

/** What happened up to a place. */
interface Told {
  readonly happenings: readonly Happening[];
  readonly offset: number;
  /** Pushes, files and tracks that were read for it. */
  readonly rows: number;
}

/** What was read of the journal, in its order and a part at a time. Tracks are read of those pushes alone that are heard. */
export async function* happeningsOf(
  { pushes, moves, offset }: WrittenFacts,
  mayHear: (facts: ListedPush['facts']) => boolean,
  journal: Pick<Journal, 'at' | 'store'>,
  around: Surroundings,
): AsyncGenerator<Told> {
  const accepted = new Map(pushes.map((push) => [push.offset, push]));
  const earlier = [...new Set(moves.map(({ push }) => push))].filter((push) => !accepted.has(push));
  const heard = [...pushes, ...(await journal.store.factsAt(earlier))].filter(({ facts }) => mayHear(facts));
  const listed = new Map(heard.map((push) => [push.offset, push]));
  const movesAt = Map.groupBy(
    moves.filter(({ push }) => listed.has(push)),
    (move) => move.offset,
  );
  const places = [...new Set([...heard.map((push) => push.offset), ...movesAt.keys()])]
    .filter((place) => accepted.has(place) || movesAt.has(place))
    .toSorted((a, b) => a - b)
    .map((place) => {
      const own = listed.has(place) && accepted.has(place) ? [place] : [];
      const about = [...new Set([...own, ...(movesAt.get(place) ?? []).map(({ push }) => push)])];
      return {
        place,
        about,
        recipients: about.reduce((sum, one) => sum + (listed.get(one)?.recipients ?? 0), 0),
      };
    });
  let rows = pushes.length + earlier.length + moves.length;
  for (const some of tracksTogether(places)) {
    const read = await journal.at([...new Set(some.flatMap(({ about }) => about))]);
    const known = new Map(read.map((push) => [push.offset, push]));
    rows += read.reduce((sum, { tracks }) => sum + tracks.size, 0);
    const happenings = some.flatMap(({ place }) => {
      const push = accepted.has(place) ? known.get(place) : undefined;
      const changes = (movesAt.get(place) ?? []).flatMap(({ push: at, recipient, track }) => {
        const moved = known.get(at);
        return moved === undefined ? [] : [{ push: moved, recipient, track }];
      });
      return [
        ...(push === undefined ? [] : [acceptedHappening(push, around)]),
        ...(changes.length === 0 ? [] : [changesHappening(place, changes, around)]),
      ];
    });
    yield { happenings, offset: some.at(-1)?.place ?? offset, rows };
    rows = 0;
  }
  yield { happenings: [], offset, rows };
}

/** Changes in one message: a thousand failures with their stacks are a few megabytes. */
const changesPerMessage = 500;

type Message =
  | readonly [event: 'push-accepted', payload: PushAccepted]
  | readonly [event: 'track-changed', payload: TrackChanges];

/** The messages in which happenings are told to somebody who sees the pushes that `sees` says. */
export function* messagesOf(
  happenings: readonly Happening[],
  sees: (facts: PushFacts) => boolean,
): Generator<Message> {
  let changes: TrackChange[] = [];
  let offset = 0;
  for (const happening of happenings) {
    if (happening.kind === 'accepted') {
      if (!sees(happening.facts)) continue;
      if (changes.length > 0) yield ['track-changed', { offset, changes }];
      changes = [];
      yield ['push-accepted', { push: happening.view }];
      continue;
    }
    for (const { facts, change } of happening.changes) {
      if (!sees(facts)) continue;
      if (changes.length >= changesPerMessage) {
        // The rest of this place is still to come; all before it was told.
        yield ['track-changed', { offset: happening.offset - 1, changes }];
        changes = [];
      }
      changes.push(change);
    }
    ({ offset } = happening);
  }
  if (changes.length > 0) yield ['track-changed', { offset, changes }];
}
