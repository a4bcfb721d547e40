import { isTrackNotice, type DownEvents, type TrackNotice } from '@cd-push/protocol';

import { problemFrom } from '../problem-from.ts';
import type { Push } from './push.ts';
import type { SenderConnection } from './sender-connection.ts';

/**
 * Pushes that are followed at once. One to runtimes that are away stays open for days; beyond this those that ended first
 * and then the oldest are no longer followed here, and `get-track` still tells of them.
 */
const followedPushes = 1_000;

/** Events that carry a notice. */
type NoticeEvent = {
  [Event in keyof DownEvents]: Parameters<DownEvents[Event]>[0] extends TrackNotice ? Event : never;
}[keyof DownEvents];

/** Under which name a notice comes says nothing that it does not say itself. */
const noticeEvents: readonly NoticeEvent[] = [
  'push-msg-relayed',
  'push-msg-pushed',
  'push-delivered',
  'push-msg-completed',
  'push-msg-failed',
  'push-msg-superseded',
];

/** Keeps pushes at what the relay tells of them, also where it told it while nobody could hear. */
export class FollowedPushes {
  readonly #connection: SenderConnection;
  readonly #pushes = new Map<string, Push>();
  readonly #forget: (() => void)[];

  constructor(connection: SenderConnection) {
    this.#connection = connection;
    this.#forget = noticeEvents.map((event) => connection.on(event, (payload) => this.#hear(payload)));
    let wasOpen = connection.status.state === 'open';
    this.#forget.push(
      connection.onStatus(({ state }) => {
        if (state !== 'open') return;
        if (wasOpen) this.#catchUp();
        wasOpen = true;
      }),
    );
  }

  add(push: Push): void {
    this.#pushes.set(push.pushGuid, push);
    void this.#afterAnswer(push);
    if (this.#pushes.size > followedPushes) this.#forgetOne();
  }

  /** Follows none any longer. */
  close(): void {
    for (const forget of this.#forget) forget();
    for (const push of this.#pushes.values()) push.close();
    this.#pushes.clear();
  }

  async #afterAnswer(push: Push): Promise<void> {
    const answer = await push.accepted;
    this.#let(push);
    // It was accepted earlier: what has happened since was told to a connection that is no more.
    if (answer.status && answer.duplicate) await this.#catchUpWith(push);
  }

  #hear(notice: unknown): void {
    // A notice that makes no sense here is dropped; the picture is whole again at the next one.
    if (!isTrackNotice(notice)) return;
    const push = this.#pushes.get(notice.pushGuid);
    push?.hear(notice);
    if (push !== undefined) this.#let(push);
  }

  #catchUp(): void {
    for (const push of this.#pushes.values()) if (!push.isOver) void this.#catchUpWith(push);
  }

  async #catchUpWith(push: Push): Promise<void> {
    // One that is being sent right now may not have got there yet.
    const wasAccepted = push.isAccepted;
    try {
      const { push: view } = await this.#connection.request('get-track', { pushGuid: push.pushGuid });
      push.catchUp(view);
    } catch (error) {
      const problem = problemFrom(error);
      // The relay keeps it no longer: nobody will ever tell. Anything else may be better next time.
      if (wasAccepted && problem.kind === 'not-found') push.lose(problem, this.#connection.clock.now());
    }
    this.#let(push);
  }

  /** Lets go of a push of which there is nothing more to hear; one that failed somewhere may be tried again there. */
  #let(push: Push): void {
    if (push.isOver && !push.mayReopen) this.#pushes.delete(push.pushGuid);
  }

  #forgetOne(): void {
    const pushes = [...this.#pushes.values()];
    const one = pushes.find(({ isOver }) => isOver) ?? pushes[0];
    if (one === undefined) return;
    one.close();
    this.#pushes.delete(one.pushGuid);
  }
}
