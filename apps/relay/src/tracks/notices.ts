import { problemOf, type DownEvents, type RecipientId, type TrackNotice } from '@cd-push/protocol';
import type { RecipientTrack } from '@cd-push/store';

import type { TrackChange } from '../journal/follower.ts';
import { isFurther } from '../journal/further.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';

/** Hears of a push's tracks; each door translates it for its peers. */
export interface Watcher {
  notice(push: TrackedPush, event: NoticeEvent, notice: Notice, changes: readonly TrackChange[]): void;
}

export type NoticeEvent = Extract<
  keyof DownEvents,
  `push-${'msg-relayed' | 'msg-pushed' | 'delivered' | 'msg-completed' | 'msg-failed' | 'msg-superseded'}`
>;

type Entry = TrackNotice['recipients'][number] & { readonly recipient: RecipientId };

/** A notice before it goes on a wire. */
type Notice = Omit<TrackNotice, 'recipients'> & { readonly recipients: readonly Entry[] };

/** What is told in one message. */
interface Message {
  readonly event: NoticeEvent;
  readonly entries: Entry[];
  readonly changes: TrackChange[];
}

/** What is told of one push, in the order in which it is sent, and which message names each recipient last. */
interface Telling {
  readonly messages: Message[];
  readonly last: Map<RecipientId, number>;
}

/**
 * Tells senders how far their pushes have come. What is written within one turn of the event loop is told in few messages
 * per push: a thousand acknowledgements that arrive together cost one for each stage, and one that arrives alone waits for
 * no timer. Each recipient's stages are told in their order, so an entry never joins a message before the last one that
 * names its recipient.
 */
export class Notices {
  readonly #watcher: Watcher;
  #pending = new Map<TrackedPush, Telling>();
  /** Of pushes that were read when more was known of them: what was told of them at first. */
  readonly #ahead = new WeakMap<TrackedPush, ReadonlyMap<RecipientId, RecipientTrack>>();

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
  }

  /**
   * A push that was accepted is relayed to all of its recipients. A node that reads it later may know already what has become
   * of it, and so may its sender, from the node that it was connected to before: it is told that, and not once more what led
   * there.
   */
  accepted(push: TrackedPush): void {
    const further = [...push.tracks].filter(([, { state }]) => state.stage !== 'relayed');
    if (further.length > 0) this.#ahead.set(push, new Map(further));
    for (const [recipient, track] of push.tracks) this.#add({ push, recipient, track, before: undefined });
  }

  written(changes: readonly TrackChange[]): void {
    for (const change of changes) {
      const told = this.#ahead.get(change.push)?.get(change.recipient);
      if (told === undefined || isFurther(change.track, told)) this.#add(change);
    }
  }

  #add(change: TrackChange): void {
    const { push, recipient, track } = change;
    const told = tellingOf(recipient, track);
    if (told === undefined) return;
    if (this.#pending.size === 0) setImmediate(() => this.#flush());
    const telling: Telling = this.#pending.get(push) ?? { messages: [], last: new Map() };
    this.#pending.set(push, telling);
    const { event, entry } = told;
    const { messages, last } = telling;
    const after = last.get(recipient) ?? -1;
    const joined = messages.findIndex((message, index) => index > after && message.event === event);
    if (joined === -1) messages.push({ event, entries: [entry], changes: [change] });
    else {
      messages[joined]?.entries.push(entry);
      messages[joined]?.changes.push(change);
    }
    last.set(recipient, joined === -1 ? messages.length - 1 : joined);
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = new Map();
    for (const [push, { messages }] of pending) {
      const { commTrack, outcome } = push.progress;
      const { pushGuid } = push.accepted;
      for (const { event, entries, changes } of messages) {
        this.#watcher.notice(push, event, { pushGuid, recipients: entries, commTrack, outcome }, changes);
      }
    }
  }
}

const tellingOf = (
  recipient: RecipientId,
  { attempt, state }: RecipientTrack,
): { readonly event: NoticeEvent; readonly entry: Entry } | undefined => {
  const common = { recipient, attempt };
  const { stage } = state;
  switch (stage) {
    case 'initialized':
      return undefined;
    case 'relayed':
      return { event: 'push-msg-relayed', entry: { ...common, stage, at: state.times.relayed } };
    case 'pushed':
      return { event: 'push-msg-pushed', entry: { ...common, stage, at: state.times.pushed } };
    case 'delivered':
      return { event: 'push-delivered', entry: { ...common, stage, at: state.times.delivered } };
    case 'completed':
      return { event: 'push-msg-completed', entry: { ...common, stage, at: state.times.completed } };
    case 'superseded':
      return { event: 'push-msg-superseded', entry: { ...common, stage, at: state.at } };
    case 'failed':
      return {
        event: 'push-msg-failed',
        entry: { ...common, stage, at: state.at, problem: state.problem },
      };
    case 'expired':
      return {
        event: 'push-msg-failed',
        entry: { ...common, stage, at: state.at, problem: problemOf('expired') },
      };
    default:
      return stage satisfies never;
  }
};
