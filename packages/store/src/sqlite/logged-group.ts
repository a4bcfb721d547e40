import type { SpaceChange } from '@cd-push/timeline';

import type { Group, Offer, TrackMove } from '../ports/journal.ts';
import type { Content } from '../ports/push.ts';

/**
 * A group as it stands in the log: JSON, with bytes as a text that has one character for each. What cannot be told in JSON
 * cannot stand in the tables either, and is refused before anything was promised of it.
 */
interface LoggedGroup extends Omit<Group, 'offers' | 'moves'> {
  readonly offers: readonly LoggedOffer[];
  readonly moves: readonly LoggedMove[];
}
/** Tracks of one push that came to the same at the same time, as those of a push to hundreds do. */
interface LoggedMove extends Omit<TrackMove, 'recipient'> {
  readonly recipients: TrackMove['recipient'][];
}
interface LoggedOffer extends Omit<Offer, 'push' | 'history'> {
  readonly push: Omit<Offer['push'], 'contents'> & { readonly contents: readonly LoggedContent[] };
  readonly history?: Omit<SpaceChange, 'objects'> & { readonly objects: readonly LoggedObject[] };
}
type LoggedContent = { readonly digest: string } & ({ readonly text: string } | { readonly bytes: string });
type LoggedObject = Omit<SpaceChange['objects'][number], 'bytes'> & { readonly bytes: string };

/** @throws TypeError for what cannot be told in JSON. */
export const writeGroup = (group: Group): string => {
  const logged: LoggedGroup = {
    ...group,
    offers: group.offers.map(loggedOffer),
    moves: loggedMoves(group.moves),
  };
  return JSON.stringify(logged);
};

/** Reads back what {@link writeGroup} wrote; nobody else writes the log. */
export const readGroup = (text: string): Group => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as said above
  const logged = JSON.parse(text) as LoggedGroup;
  return {
    ...logged,
    offers: logged.offers.map(offerOf),
    moves: logged.moves.flatMap(({ recipients, ...move }) =>
      recipients.map((recipient) => ({ ...move, recipient })),
    ),
  };
};

const loggedMoves = (moves: readonly TrackMove[]): LoggedMove[] => {
  const alike = new Map<string, LoggedMove>();
  for (const { push, recipient, track } of moves) {
    const key = `${push} ${JSON.stringify(track)}`;
    const move = alike.get(key);
    if (move === undefined) alike.set(key, { push, track, recipients: [recipient] });
    else move.recipients.push(recipient);
  }
  return [...alike.values()];
};

const loggedOffer = ({ push, history, ...rest }: Offer): LoggedOffer => ({
  ...rest,
  push: {
    ...push,
    contents: push.contents.map(({ digest, body }) =>
      typeof body === 'string' ? { digest, text: body } : { digest, bytes: charactersOf(body) },
    ),
  },
  ...(history === undefined
    ? {}
    : {
        history: {
          ...history,
          objects: history.objects.map(({ bytes, ...object }) => ({ ...object, bytes: charactersOf(bytes) })),
        },
      }),
});

const offerOf = ({ push, history, ...rest }: LoggedOffer): Offer => ({
  ...rest,
  push: {
    ...push,
    contents: push.contents.map((content): Content => {
      const { digest } = content;
      return { digest, body: 'text' in content ? content.text : bytesOf(content.bytes) };
    }),
  },
  history: history && {
    ...history,
    objects: history.objects.map(({ bytes, ...object }) => ({ ...object, bytes: bytesOf(bytes) })),
  },
});

const charactersOf = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('latin1');

const bytesOf = (characters: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(characters, 'latin1'));
