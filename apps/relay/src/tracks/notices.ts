import { problemOf, type DownEvents, type RecipientId, type TrackNotice } from '@cd-push/protocol';

import type { RecipientTrack, TrackedPush } from '../journal/tracked-push.ts';

/** Hears of a push's tracks; each door translates it for its peers. */
export interface Watcher {
  notice(push: TrackedPush, event: NoticeEvent, notice: Notice): void;
}

export type NoticeEvent = Extract<
  keyof DownEvents,
  `push-${'msg-relayed' | 'msg-pushed' | 'delivered' | 'msg-completed' | 'msg-failed' | 'msg-superseded'}`
>;

type Entry = TrackNotice['recipients'][number] & { readonly recipient: RecipientId };

/** A notice before it goes on a wire. */
type Notice = Omit<TrackNotice, 'recipients'> & { readonly recipients: readonly Entry[] };

/**
 * Tells senders how far their pushes have come. What happens within one turn of the event loop is told in one message
 * per push and stage: a thousand acknowledgements that arrive together cost a few messages, and one that arrives alone
 * waits for no timer.
 */
export class Notices {
  readonly #watcher: Watcher;
  #pending = new Map<TrackedPush, Map<NoticeEvent, Entry[]>>();

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
  }

  add(push: TrackedPush, recipient: RecipientId, track: RecipientTrack): void {
    const told = tellingOf(recipient, track);
    if (told === undefined) return;
    if (this.#pending.size === 0) setImmediate(() => this.#flush());
    const stages = this.#pending.get(push) ?? new Map<NoticeEvent, Entry[]>();
    this.#pending.set(push, stages);
    const { event, entry } = told;
    const entries = stages.get(event);
    if (entries === undefined) stages.set(event, [entry]);
    else entries.push(entry);
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = new Map();
    for (const [push, stages] of pending) {
      const { commTrack, outcome } = push.progress;
      const { pushGuid } = push.accepted;
      for (const [event, recipients] of stages) {
        this.#watcher.notice(push, event, { pushGuid, recipients, commTrack, outcome });
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
