import {
  problemOf,
  type DownEvents,
  type EpochMs,
  type Problem,
  type RecipientId,
  type TrackNotice,
  type TrackState,
} from '@cd-push/protocol';

import type { RecipientTrack, TrackedPush } from '../journal/tracked-push.ts';

/** Hears of a push's tracks; each door translates it for its peers. */
export interface Watcher {
  notice(push: TrackedPush, event: NoticeEvent, notice: Notice): void;
}

export type NoticeEvent = Extract<
  keyof DownEvents,
  `push-${'msg-relayed' | 'msg-pushed' | 'delivered' | 'msg-completed' | 'msg-failed'}`
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
    const told = tellingOf(track.state);
    if (told === undefined) return;
    if (this.#pending.size === 0) setImmediate(() => this.#flush());
    const stages = this.#pending.get(push) ?? new Map<NoticeEvent, Entry[]>();
    this.#pending.set(push, stages);
    const { event, at, problem } = told;
    const entry: Entry = {
      recipient,
      attempt: track.attempt,
      at,
      ...(problem === undefined ? {} : { problem }),
    };
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

const tellingOf = (state: TrackState): { event: NoticeEvent; at: EpochMs; problem?: Problem } | undefined => {
  switch (state.stage) {
    case 'initialized':
      return undefined;
    case 'relayed':
      return { event: 'push-msg-relayed', at: state.times.relayed };
    case 'pushed':
      return { event: 'push-msg-pushed', at: state.times.pushed };
    case 'delivered':
      return { event: 'push-delivered', at: state.times.delivered };
    case 'completed':
      return { event: 'push-msg-completed', at: state.times.completed };
    case 'failed':
      return { event: 'push-msg-failed', at: state.at, problem: state.problem };
    case 'expired':
      return { event: 'push-msg-failed', at: state.at, problem: problemOf('expired') };
    case 'superseded':
      // There is no event for it: a higher version took this push's place before it was applied here.
      return {
        event: 'push-msg-failed',
        at: state.at,
        problem: problemOf('stale-version', { detail: 'Superseded by a later push.' }),
      };
    default:
      return state satisfies never;
  }
};
