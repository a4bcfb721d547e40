import type { Event, EventOf, Track } from '../history/event.ts';

/** One push, as all who had to do with it tell of it. */
export interface PushStory {
  readonly push: string;
  readonly invoke: EventOf<'invoke'> | undefined;
  /** The first answer that it was accepted. */
  readonly accepted: EventOf<'ok'> | undefined;
  readonly refused: EventOf<'fail'> | undefined;
  /** The relay said that it does not know it, and nobody was told better later. */
  readonly absent: EventOf<'absent'> | undefined;
  /** Place in the journal, where somebody was told. */
  readonly offset: number | undefined;
  /** Credentials of the recipients that were frozen at its acceptance. */
  readonly recipients: ReadonlySet<string>;
  /** The furthest that anybody was told, by credential. */
  readonly tracks: ReadonlyMap<string, Track>;
}

/** One program, from its start until it is no more. */
export interface Life {
  readonly start: EventOf<'start'>;
  /** Effects of files, in their order. */
  readonly effects: readonly FileEffect[];
}
type FileEffect = EventOf<'effect'> & { readonly resource: string };

/** One runtime over all of its lives. */
export interface RuntimeStory {
  readonly name: string;
  readonly credential: string;
  readonly lives: readonly Life[];
  /** Effects of messages, in their order. */
  readonly heard: readonly EventOf<'effect'>[];
  /** What it held at the end; undefined where it was not asked or did not answer. */
  readonly final: EventOf<'state'>['standing'] | undefined;
}

/** A history, sorted by what it is about. */
export interface HistoryView {
  readonly pushes: ReadonlyMap<string, PushStory>;
  /** By credential. Hostile ones are left out: nothing was promised to them. */
  readonly runtimes: ReadonlyMap<string, RuntimeStory>;
  /** What each reader was told, in its order. */
  readonly reads: ReadonlyMap<string, readonly (EventOf<'read'> | EventOf<'absent'>)[]>;
  readonly revoked: ReadonlyMap<string, EventOf<'revoked'>>;
  /** The latest time that any clock showed. */
  readonly latestClock: number;
}

/**
 * A recipient is an instance, or a credential whose instances were all away. Each credential runs one instance here, so
 * that both are the same.
 */
export const credentialOf = (recipient: string): string => recipient.split('#')[0] ?? recipient;

/** How far a stage is; what ends an attempt is furthest. */
export const rankOf = (stage: Track['stage']): number => ranks[stage];
const ranks = {
  initialized: 0,
  relayed: 1,
  pushed: 2,
  delivered: 3,
  completed: 9,
  failed: 9,
  expired: 9,
  superseded: 9,
} as const satisfies Record<Track['stage'], number>;

/** @param events those of one teller in their order; tellers in any. */
export const viewOf = (events: readonly Event[]): HistoryView => {
  const runtimes = runtimesOf(events);
  const reads = Map.groupBy(
    events.filter((event) => event.kind === 'read' || event.kind === 'absent'),
    ({ by }) => by,
  );
  return {
    pushes: pushesOf(events),
    runtimes,
    reads,
    revoked: new Map(
      events.flatMap((event) => (event.kind === 'revoked' ? [[event.session, event] as const] : [])),
    ),
    latestClock: events.reduce((latest, { at }) => Math.max(latest, at), 0),
  };
};

type Building = { -readonly [Member in keyof PushStory]: PushStory[Member] } & { tracks: Map<string, Track> };

const pushesOf = (unsorted: readonly Event[]): Map<string, PushStory> => {
  const events = unsorted.toSorted((a, b) => a.machineMs - b.machineMs);
  const pushes = new Map<string, Building>();
  const storyOf = (push: string): Building => {
    const known = pushes.get(push);
    if (known !== undefined) return known;
    const fresh: Building = {
      push,
      invoke: undefined,
      accepted: undefined,
      refused: undefined,
      absent: undefined,
      offset: undefined,
      recipients: new Set(),
      tracks: new Map(),
    };
    pushes.set(push, fresh);
    return fresh;
  };
  for (const event of events) {
    if (event.kind === 'invoke') storyOf(event.push).invoke = event;
    else if (event.kind === 'ok') {
      const story = storyOf(event.push);
      story.accepted ??= event;
      story.recipients = new Set(event.recipients.map(credentialOf));
    } else if (event.kind === 'fail') storyOf(event.push).refused = event;
    else if (event.kind === 'absent') storyOf(event.push).absent = event;
    else if (event.kind === 'read') {
      const story = storyOf(event.push);
      // Events are in the order of their time here: this is the later word.
      story.absent = undefined;
      story.offset = event.offset ?? story.offset;
      for (const track of event.tracks) takeFurthest(story.tracks, track);
    }
  }
  return pushes;
};

const takeFurthest = (tracks: Map<string, Track>, track: Track): void => {
  const credential = credentialOf(track.recipient);
  const known = tracks.get(credential);
  const isFurther =
    known === undefined ||
    track.attempt > known.attempt ||
    (track.attempt === known.attempt && rankOf(track.stage) > rankOf(known.stage));
  if (isFurther) tracks.set(credential, track);
};

const runtimesOf = (events: readonly Event[]): Map<string, RuntimeStory> => {
  const joined = new Map<string, EventOf<'joined'>>();
  for (const event of events) if (event.kind === 'joined') joined.set(event.runtime, event);
  const runtimes = new Map<string, RuntimeStory>();
  for (const { runtime: name, recipient, isHostile } of joined.values()) {
    if (isHostile) continue;
    const lives: { start: EventOf<'start'>; effects: FileEffect[] }[] = [];
    const heard: EventOf<'effect'>[] = [];
    let final: RuntimeStory['final'];
    for (const event of events) {
      if (!('runtime' in event) || event.runtime !== name) continue;
      if (event.kind === 'start') lives.push({ start: event, effects: [] });
      else if (event.kind === 'state') final = event.standing;
      else if (event.kind === 'effect') {
        if (event.resource === null) heard.push(event);
        else lives.at(-1)?.effects.push({ ...event, resource: event.resource });
      }
    }
    const credential = credentialOf(recipient);
    runtimes.set(credential, { name, credential, lives, heard, final });
  }
  return runtimes;
};
