import {
  builtInTriggers,
  isTrackNotice,
  type DownEvents,
  type PushAnswer,
  type TrackNotice,
} from '@cd-push/protocol';
import { digestOf } from '@cd-push/timeline';

import type { Connection } from '../connection/connection.ts';
import type { Session } from '../session/session.ts';
import { problemFrom } from '../problem-from.ts';
import { encodePatch } from './encode-patch.ts';
import { HeadCache } from './head-cache.ts';
import { Push } from './push.ts';
import type { Delivery, NotifyRequest, OperateRequest, PatchInput, PushRequest } from './push-request.ts';
import { requireFit } from './require-fit.ts';
import { signEnvelope, type Said, type Unsigned } from './sign-envelope.ts';

/**
 * Pushes that are followed at once. One to runtimes that are away stays open for days; beyond this the oldest are no
 * longer followed here, and `get-track` still tells of them.
 */
const followedPushes = 1_000;

/** Under which name a notice comes says nothing that it does not say itself. */
const noticeEvents: readonly NoticeEvent[] = [
  'push-msg-relayed',
  'push-msg-pushed',
  'push-delivered',
  'push-msg-completed',
  'push-msg-failed',
  'push-msg-superseded',
];

/** Signs what is sent with the session's key, sends it, and follows what becomes of it. */
export class Publisher {
  readonly #connection: Connection;
  readonly #session: Session;
  readonly #heads: HeadCache;
  readonly #followed = new Map<string, Push>();
  /** By resource and environment: the end of the push that is being accepted, on whose version the next one builds. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #forget: (() => void)[];

  constructor({ connection, session }: { connection: Connection; session: Session }) {
    this.#connection = connection;
    this.#session = session;
    this.#heads = new HeadCache(connection);
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

  /**
   * Pushes files, all of them or none. Pushes of the same resource are sent one after the other, each on the version
   * that the one before it left.
   */
  push(request: PushRequest): Push {
    const trigger = request.trigger ?? 'cli';
    const emits = request.emits ?? emitsOf(trigger) ?? 'apply-runtime-patch';
    return this.#send(request, (push) => this.#sendPatches(request, trigger, emits, push));
  }

  /** Tells the people in front of the runtimes something. */
  notify(request: NotifyRequest): Push {
    return this.#say(request, 'notify', request.message, (message) => ({ kind: 'notice', message }));
  }

  /** Runs an operation that the app registered, in every runtime that is addressed. */
  operate(request: OperateRequest): Push {
    const { operation, args } = request;
    return this.#say(request, 'run-operation', JSON.stringify(args ?? null), (message) => ({
      kind: 'operation',
      operation,
      message,
    }));
  }

  /** Asks for the heads of these resources before they are needed, so that the first push of each need not. */
  async prepare(environment: string, resources: readonly string[]): Promise<void> {
    await this.#heads.get(environment, resources);
  }

  /** Follows no push any longer. The connection stays. */
  close(): void {
    for (const forget of this.#forget) forget();
    for (const push of this.#followed.values()) push.close();
    this.#followed.clear();
  }

  #say(delivery: Delivery, trigger: string, text: string, said: (digest: string) => Said): Push {
    const emits = emitsOf(trigger) ?? trigger;
    return this.#send(delivery, async ({ pushGuid, initTime }) => {
      const unsigned: Unsigned = {
        said: said(await digestOf(text)),
        delivery,
        pushGuid,
        trigger,
        emits,
        initTime,
        carried: { m: text },
      };
      return this.#connection.push(trigger, await signEnvelope(this.#session, unsigned));
    });
  }

  async #sendPatches(
    request: PushRequest,
    trigger: string,
    emits: string,
    { pushGuid, initTime }: Identity,
  ): Promise<PushAnswer> {
    const { environment, patches } = request;
    const resources = patches.flatMap(namesOf);
    return this.#inTurn(environment, resources, async () => {
      const heads = await this.#heads.get(environment, patches.map(predecessorOf));
      const now = this.#session.clock.now();
      const encoded = await Promise.all(
        patches.map((patch, index) => encodePatch(patch, heads[index] ?? { version: 0, digest: null }, now)),
      );
      const said: Said = { kind: 'patch', patches: encoded.map(({ head }) => head) };
      const carried = { contents: encoded.map(({ content }) => content) };
      const unsigned: Unsigned = { said, delivery: request, pushGuid, trigger, emits, initTime, carried };
      const envelope = await signEnvelope(this.#session, unsigned);
      requireFit(envelope);
      const answer = await this.#connection.push(trigger, envelope);
      if (answer.status) {
        for (const { head } of encoded) this.#heads.set(environment, head.resource, head);
        for (const patch of patches)
          if (patch.change === 'rename') this.#heads.forget(environment, [patch.from]);
      } else {
        // Whatever was refused, and whatever an unanswered push did: what is in place is asked for again.
        this.#heads.forget(environment, resources);
      }
      return answer;
    });
  }

  #send(delivery: Delivery, send: (identity: Identity) => Promise<PushAnswer>): Push {
    const pushGuid = delivery.pushGuid ?? crypto.randomUUID();
    const initTime = this.#session.clock.at(delivery.initTime ?? Date.now());
    const sentAt = Date.now();
    const answer = send({ pushGuid, initTime }).catch((error: unknown): PushAnswer => ({
      status: false,
      error: problemFrom(error),
    }));
    const push = new Push(pushGuid, initTime, answer);
    this.#follow(push);
    void this.#afterAnswer(push, sentAt);
    return push;
  }

  async #afterAnswer(push: Push, sentAt: number): Promise<void> {
    const answer = await push.accepted;
    const relayTime = answer.status ? answer.commTrack.relayTime : null;
    if (relayTime !== null) this.#session.clock.observe(relayTime, sentAt, Date.now());
    if (push.isOver) this.#followed.delete(push.pushGuid);
  }

  /** Runs a step when those before it that touch the same resources are over. */
  async #inTurn<Value>(
    environment: string,
    resources: readonly string[],
    step: () => Promise<Value>,
  ): Promise<Value> {
    const keys = resources.map((resource) => `${environment}:${resource}`);
    const before = keys.flatMap((key) => this.#turns.get(key) ?? []);
    const turn = Promise.allSettled(before).then(step);
    for (const key of keys) this.#turns.set(key, turn);
    try {
      return await turn;
    } finally {
      for (const key of keys) if (this.#turns.get(key) === turn) this.#turns.delete(key);
    }
  }

  #follow(push: Push): void {
    this.#followed.set(push.pushGuid, push);
    if (this.#followed.size <= followedPushes) return;
    const [oldest] = this.#followed.values();
    if (oldest === undefined) return;
    oldest.close();
    this.#followed.delete(oldest.pushGuid);
  }

  #hear(notice: unknown): void {
    // A notice that makes no sense here is dropped; the picture is whole again at the next one.
    if (!isTrackNotice(notice)) return;
    const push = this.#followed.get(notice.pushGuid);
    push?.hear(notice);
    if (push?.isOver === true) this.#followed.delete(push.pushGuid);
  }

  /** After a break: notices went to a connection that was no longer there. */
  #catchUp(): void {
    for (const push of this.#followed.values()) void this.#catchUpWith(push);
  }

  async #catchUpWith(push: Push): Promise<void> {
    // One that is being sent right now may not have got there yet.
    const wasAccepted = push.isAccepted;
    try {
      const { push: view } = await this.#connection.request('get-track', { pushGuid: push.pushGuid });
      push.catchUp(view);
    } catch (error) {
      const problem = problemFrom(error);
      // The relay is another one now, or started anew: nobody will ever tell. Anything else may be better next time.
      if (wasAccepted && problem.kind === 'not-found') push.lose(problem, this.#session.clock.now());
    }
    if (push.isOver) this.#followed.delete(push.pushGuid);
  }
}

/** Events that carry a notice. */
type NoticeEvent = {
  [Event in keyof DownEvents]: Parameters<DownEvents[Event]>[0] extends TrackNotice ? Event : never;
}[keyof DownEvents];

type Identity = Pick<Push, 'pushGuid' | 'initTime'>;

const emitsOf = (trigger: string): string | undefined =>
  builtInTriggers.find((known) => known.trigger === trigger)?.emits;

/** A rename follows the content that its old name had. */
const predecessorOf = (patch: PatchInput): string =>
  patch.change === 'rename' ? patch.from : patch.resource;
const namesOf = (patch: PatchInput): string[] =>
  patch.change === 'rename' ? [patch.resource, patch.from] : [patch.resource];
