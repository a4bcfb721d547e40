import {
  builtInTriggers,
  epochMs,
  type EpochMs,
  type ProposePushAnswer,
  type PushedHead,
} from '@cd-push/protocol';
import type { FrameRef } from '@cd-push/timeline';

import { keepEntry } from '../outbox/keep-entry.ts';
import { memoryOutbox } from '../outbox/memory-outbox.ts';
import type { Outbox, OutboxEntry } from '../outbox/outbox.ts';
import { problemFrom } from '../problem-from.ts';
import { propose } from '../proposals/propose.ts';
import type { Session } from '../session/session.ts';
import { draftMessage, draftPatches, type Identity } from './draft-entry.ts';
import { namesOf, predecessorOf } from './encode-patch.ts';
import { FollowedPushes } from './followed-pushes.ts';
import { HeadCache, type KnownHead } from './head-cache.ts';
import { Push } from './push.ts';
import { PushedContents } from './pushed-contents.ts';
import type { AnyRequest, Delivery, NotifyRequest, OperateRequest, PushRequest } from './push-request.ts';
import { Sending, type Sent } from './sending.ts';
import { Turns, type Turn } from './turns.ts';
import type { SenderConnection } from './sender-connection.ts';

export interface PublisherOptions {
  readonly connection: SenderConnection;
  readonly session: Session;
  /**
   * Where pushes are kept until the relay has them; memory by default, which lasts as long as the process. It is used by
   * this publisher alone, and closed by whoever opened it.
   */
  readonly outbox?: Outbox;
  /**
   * Whether files travel as what differs from what was pushed before, where that is little. By default they do unless the
   * relay runs on this machine, to which sending them whole takes less time than finding that out.
   */
  readonly deltas?: boolean;
}

/** What comes with a push besides what is kept of it. */
interface Brought {
  readonly isLeftBehind?: boolean;
  readonly onUpload?: PushRequest['onUpload'] | undefined;
  readonly frames?: readonly (FrameRef | undefined)[] | undefined;
}

/**
 * Signs what is sent with the session's key, sends it until the relay has accepted it or refused it for good, and follows
 * what becomes of it. A relay that cannot be reached, or takes no more for now, is waited for.
 */
export class Publisher {
  readonly #connection: SenderConnection;
  readonly #session: Session;
  readonly #outbox: Outbox;
  readonly #heads: HeadCache;
  readonly #pushed: PushedContents | undefined;
  readonly #followed: FollowedPushes;
  /** By resource and environment: on the version that the push before it leaves, the next one builds. */
  readonly #turns = new Turns();
  readonly #underWay = new Set<string>();
  readonly #closed = new AbortController();
  /** Passed in the order of calling by whoever takes a turn. */
  #door: Promise<unknown> = Promise.resolve();
  #lastOrder = 0;

  constructor({
    connection,
    session,
    outbox = memoryOutbox(),
    deltas = !isThisMachine(connection.relayUrl),
  }: PublisherOptions) {
    this.#connection = connection;
    this.#session = session;
    this.#outbox = outbox;
    this.#heads = new HeadCache(connection);
    this.#pushed = deltas ? new PushedContents() : undefined;
    this.#followed = new FollowedPushes(connection);
  }

  /**
   * Sends what the outbox holds of earlier pushes of this person's, each resource's in order and before those that are
   * pushed from now on. Called once, at the start.
   *
   * @returns these pushes, the earliest first. What was accepted meanwhile comes out as accepted.
   * @throws Error why the outbox cannot be read.
   */
  async resume(): Promise<readonly Push[]> {
    const resumed = this.#door.then(async () => {
      const entries = await this.#outbox.claim();
      this.#lastOrder = Math.max(this.#lastOrder, ...entries.map(({ order }) => order));
      return entries.filter((entry) => this.#isToBeResumed(entry)).map((entry) => this.#sendAgain(entry));
    });
    this.#door = resumed.catch(() => undefined);
    return resumed;
  }

  /**
   * Pushes files, all of them or none. Pushes of the same resource are sent one after the other, each on the version
   * that the one before it left.
   */
  push(request: PushRequest): Push {
    const trigger = request.trigger ?? 'cli';
    const emits = request.emits ?? emitsOf(trigger) ?? 'apply-runtime-patch';
    return this.#send(
      request,
      trigger,
      emits,
      request.patches.flatMap(namesOf),
      (identity) => draftPatches(this.#session, identity, request, request.patches),
      {
        onUpload: request.onUpload,
        frames: request.patches.map((patch) =>
          patch.change === 'restore' ? undefined : patch.prepared?.ref,
        ),
      },
    );
  }

  /** Tells the people in front of the runtimes something. */
  notify(request: NotifyRequest): Push {
    const trigger = 'notify';
    return this.#send(request, trigger, emitsOf(trigger) ?? trigger, [], (identity) =>
      draftMessage(this.#session, identity, request, request.message),
    );
  }

  /** Runs an operation that the app registered, in every runtime that is addressed. */
  operate(request: OperateRequest): Push {
    const { operation } = request;
    const trigger = 'run-operation';
    return this.#send(request, trigger, emitsOf(trigger) ?? trigger, [], (identity) =>
      draftMessage(this.#session, identity, request, argumentsOf(request), operation),
    );
  }

  /** Pushes whatever it is; what was pushed before is had from `readPushed`. */
  send(request: AnyRequest): Push {
    switch (request.kind) {
      case 'patch':
        return this.push(request);
      case 'notice':
        return this.notify(request);
      case 'operation':
        return this.operate(request);
      default:
        return request satisfies never;
    }
  }

  /**
   * Puts a push before others, so that they can approve of it: nothing of it takes effect before as many have as its targets
   * ask for. It is made upon what is in place now; where that has changed by then, it is a `conflict`.
   *
   * @throws ProblemError why it is not taken, or did not come to the relay.
   */
  async propose(request: Exclude<AnyRequest, { kind: 'notice' }>): Promise<ProposePushAnswer> {
    const trigger = request.kind === 'operation' ? 'run-operation' : (request.trigger ?? 'cli');
    const identity: Identity = {
      pushGuid: request.pushGuid ?? crypto.randomUUID(),
      order: 0,
      initTime: this.#session.clock.at(request.initTime ?? Date.now()),
      trigger,
      emits: ('emits' in request ? request.emits : undefined) ?? emitsOf(trigger) ?? 'apply-runtime-patch',
    };
    const drafted =
      request.kind === 'operation'
        ? await draftMessage(this.#session, identity, request, argumentsOf(request), request.operation)
        : await draftPatches(this.#session, identity, request, request.patches);
    return propose(drafted, {
      connection: this.#connection,
      session: this.#session,
      heads: this.#heads,
      signal: this.#closed.signal,
      onUpload: request.kind === 'patch' ? request.onUpload : undefined,
    });
  }

  /**
   * What is in place of these resources, in their order. It is asked for before it is needed, so that the first push of each
   * need not.
   */
  prepare(environment: string, resources: readonly string[]): Promise<readonly KnownHead[]> {
    return this.#heads.get(environment, resources);
  }

  /** Takes note that somebody else has pushed these resources: what is in place of them is asked for again. */
  overtaken(environment: string, resources: readonly string[]): void {
    this.#heads.forget(environment, resources);
  }

  /**
   * Takes these heads for those in place, as they were when somebody decided upon them: where one of them has moved
   * since, the next push of its resource is a `conflict`.
   */
  assume(environment: string, heads: readonly PushedHead[]): void {
    for (const { resource, ...head } of heads) this.#heads.set(environment, resource, head);
  }

  /** Sends nothing more, and follows no push any longer. Outbox and connection stay. */
  close(): void {
    this.#closed.abort();
    this.#followed.close();
  }

  #send(
    delivery: Delivery,
    trigger: string,
    emits: string,
    names: readonly string[],
    draft: (identity: Identity) => Promise<OutboxEntry>,
    brought: Brought = {},
  ): Push {
    const pushGuid = delivery.pushGuid ?? crypto.randomUUID();
    const initTime = this.#session.clock.at(delivery.initTime ?? Date.now());
    // Rises also where the clock was set back, or stands for a while.
    const order = Math.max(this.#lastOrder + 1, Date.now());
    this.#lastOrder = order;
    const drafting = draft({ pushGuid, order, initTime, trigger, emits });
    // Awaited when the turn was taken.
    drafting.catch(() => undefined);
    const turn = this.#door.then(() => this.#turns.take(keysOf(delivery.environment, names)));
    const sentAt = Date.now();
    const push = this.#follow(this.#dispatch(pushGuid, initTime, turn, drafting, brought));
    void this.#measure(push, sentAt);
    return push;
  }

  #sendAgain(entry: OutboxEntry): Push {
    const { pushGuid, statement, envelope } = entry;
    const names = statement.kind === 'patch' ? statement.patches.flatMap(namesOf) : [];
    const turn = this.#turns.take(keysOf(statement.environment, names));
    const initTime = epochMs(envelope.pushData.commTrack.initTime ?? statement.issuedAt);
    const brought = { isLeftBehind: true };
    return this.#follow(
      this.#dispatch(pushGuid, initTime, Promise.resolve(turn), Promise.resolve(entry), brought),
    );
  }

  #dispatch(
    pushGuid: string,
    initTime: EpochMs,
    turn: Promise<Turn>,
    drafting: Promise<OutboxEntry>,
    brought: Brought,
  ): Push {
    const { promise: dispatched, resolve: onDispatched } = Promise.withResolvers<void>();
    const sent = this.#deliver(turn, drafting, brought, onDispatched);
    return new Push(pushGuid, initTime, dispatched, sent);
  }

  #follow(push: Push): Push {
    this.#underWay.add(push.pushGuid);
    void push.accepted.then(() => this.#underWay.delete(push.pushGuid));
    this.#followed.add(push);
    return push;
  }

  /** @param isLeftBehind whether it comes out of the outbox, where it is kept already. */
  async #deliver(
    taken: Promise<Turn>,
    drafting: Promise<OutboxEntry>,
    { isLeftBehind = false, onUpload, frames }: Brought,
    onDispatched: () => void,
  ): Promise<Sent> {
    const turn = await taken;
    try {
      const entry = await drafting;
      const isKept = isLeftBehind || (await this.#keepUntilTurn(turn, entry));
      if (isKept) onDispatched();
      await turn.ready;
      const ports = {
        connection: this.#connection,
        session: this.#session,
        heads: this.#heads,
        outbox: this.#outbox,
        pushed: this.#pushed,
        signal: this.#closed.signal,
        onUpload,
        onDispatched,
      };
      return await new Sending(ports, entry, { isKept, isLeftBehind, frames }).run();
    } catch (error) {
      return { answer: { status: false, error: problemFrom(error) }, isOwed: false };
    } finally {
      onDispatched();
      turn.end();
    }
  }

  /** Keeps an entry that has to wait for its turn or for the relay. One that is signed at once is kept then. */
  async #keepUntilTurn(turn: Turn, entry: OutboxEntry): Promise<boolean> {
    const { environment } = entry.statement;
    const names = entry.statement.kind === 'patch' ? entry.statement.patches.map(predecessorOf) : [];
    const isSignedAtOnce =
      turn.ready === undefined &&
      this.#connection.status.state === 'open' &&
      this.#heads.knows(environment, names);
    if (!isSignedAtOnce) await keepEntry(this.#outbox, entry);
    return !isSignedAtOnce;
  }

  #isToBeResumed({ pushGuid, statement }: OutboxEntry): boolean {
    const { tenant, user } = this.#session.account;
    if (statement.tenant === tenant && statement.signer === user.subject)
      return !this.#underWay.has(pushGuid);
    // Another person's waits for that person, for as long as it may be delivered.
    if (statement.deliverBy < this.#session.clock.now())
      void this.#outbox.remove(pushGuid).catch(() => undefined);
    return false;
  }

  /** Holds this machine's clock against the relay's by a push that was accepted at once. */
  async #measure(push: Push, sentAt: number): Promise<void> {
    const answer = await push.accepted;
    if (!answer.status || answer.duplicate || answer.commTrack.relayTime === null) return;
    this.#session.clock.observe(answer.commTrack.relayTime, sentAt, Date.now());
  }
}

/** As far as its name tells. */
const isThisMachine = (url: string): boolean =>
  /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/u.test(new URL(url).hostname);

const argumentsOf = ({ args }: OperateRequest): string => JSON.stringify(args ?? null);

const emitsOf = (trigger: string): string | undefined =>
  builtInTriggers.find((known) => known.trigger === trigger)?.emits;

const keysOf = (environment: string, names: readonly string[]): string[] =>
  names.map((name) => `${environment}:${name}`);
