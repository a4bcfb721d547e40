import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

import {
  freshCommTrack,
  isCdPushEnvelop,
  problemOf,
  type ApprovePush,
  type ICdPushEnvelop,
  type PatchHead,
  type ProposalView,
  type PushAnswer,
  type Statement,
} from '@cd-push/protocol';
import { digestOf, fromBase64url } from '@cd-push/timeline';
import type { Socket } from 'socket.io';

import { connect, type Connection } from '../../src/connection/connection.ts';
import { memoryOutbox } from '../../src/outbox/memory-outbox.ts';
import { Publisher } from '../../src/publisher/publisher.ts';
import type { PushRequest } from '../../src/publisher/push-request.ts';
import { answering, startFakeRelay, type FakeRelay } from './fake-relay.ts';
import { developerSession, type FakeSession } from './fake-session.ts';

/** A push that reached the relay, for a test to answer. */
export interface Arrived {
  readonly event: string;
  readonly envelope: ICdPushEnvelop;
  readonly statement: Statement;
  readonly answer: (answer: PushAnswer) => void;
  readonly socket: Socket;
}

/** A publisher on a relay of which a test gives the answers. */
export class SenderWorld implements AsyncDisposable {
  readonly relay: FakeRelay;
  readonly session: FakeSession;
  connection: Connection;
  publisher: Publisher;
  outbox = memoryOutbox();
  readonly arrived: Arrived[] = [];
  readonly headQueries: string[][] = [];
  readonly trackQueries: string[] = [];
  /** Contents that were put there, by their digests. */
  readonly contents = new Map<string, Uint8Array>();
  /** What `get-heads` answers. */
  heads: { resource: string; version: number; digest: string | null }[] = [];
  /** What `get-track` answers, and `get-push`. */
  track: object = { status: false, error: problemOf('not-found', { path: '/pushGuid' }) };
  kept: object = { status: false, error: problemOf('not-found', { path: '/pushGuid' }) };
  /** What was proposed, and approved; and what `get-proposal` answers. */
  readonly proposed: ICdPushEnvelop[] = [];
  readonly approved: ApprovePush[] = [];
  proposal: object = {};
  readonly #waiting = new Set<() => void>();

  private constructor(relay: FakeRelay, session: FakeSession) {
    this.relay = relay;
    this.session = session;
    this.connection = connect({ relayUrl: relay.url, session });
    this.publisher = new Publisher({ connection: this.connection, session, outbox: this.outbox });
  }

  static async start(session?: FakeSession): Promise<SenderWorld> {
    const found: { world?: SenderWorld } = {};
    const relay = await startFakeRelay({
      onConnection: (socket) => found.world?.welcome(socket),
      onRequest: (request, response) => void found.world?.exchange(request, response),
    });
    found.world = new SenderWorld(relay, session ?? (await developerSession()));
    return found.world;
  }

  /** The sender's process ends, and another one starts on what it left. */
  async restart(session = this.session): Promise<void> {
    this.publisher.close();
    this.connection.close();
    this.connection = connect({ relayUrl: this.relay.url, session });
    this.publisher = new Publisher({ connection: this.connection, session, outbox: this.outbox });
  }

  async nth(index: number): Promise<Arrived> {
    for (;;) {
      const one = this.arrived[index];
      if (one !== undefined) return one;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await promise;
      this.#waiting.delete(resolve);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.publisher.close();
    this.connection.close();
    await this.relay[Symbol.asyncDispose]();
  }

  welcome(socket: Socket): void {
    socket.on('get-heads', (query: { resources: string[] }, answer: (value: unknown) => void) => {
      this.headQueries.push(query.resources);
      answer({ status: true, heads: this.heads });
    });
    answering(socket, 'get-track', (query) => {
      this.trackQueries.push((query as { pushGuid: string }).pushGuid);
      return { status: true, ...this.track };
    });
    answering(socket, 'get-push', () => ({ status: true, ...this.kept }));
    answering(socket, 'propose-push', (envelope) => {
      if (!isCdPushEnvelop(envelope)) throw new Error('No envelope.');
      this.proposed.push(envelope);
      return { status: true, proposal: proposalViewOf(envelope), duplicate: false };
    });
    answering(socket, 'get-proposal', () => ({ status: true, ...this.proposal }));
    answering(socket, 'approve-push', (approval) => {
      this.approved.push(approval as ApprovePush);
      return { status: true, proposal: proposalViewOf(this.proposed[0]!) };
    });
    for (const event of ['cli', 'file-save', 'notify', 'run-operation']) {
      socket.on(event, (envelope: unknown, answer: (answer: PushAnswer) => void) => {
        if (!isCdPushEnvelop(envelope)) throw new Error('No envelope.');
        this.arrived.push({ event, envelope, statement: statementOf(envelope), answer, socket });
        for (const wake of this.#waiting) wake();
      });
    }
  }

  /** Contents over HTTP. */
  async exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const digest = (request.url ?? '').replace('/contents/', '');
    if (request.method === 'PUT') {
      this.contents.set(digest, await buffer(request));
      response.writeHead(204).end();
      return;
    }
    const bytes = this.contents.get(digest);
    if (bytes === undefined) response.writeHead(404).end(JSON.stringify(problemOf('not-found')));
    else response.end(bytes);
  }
}

const statementOf = ({ pushData }: ICdPushEnvelop): Statement => {
  const [, payload = ''] = (pushData.statement ?? '').split('.');
  return JSON.parse(new TextDecoder().decode(fromBase64url(payload))) as Statement;
};

export const accept = (
  { envelope, answer }: Arrived,
  recipients: string[] = ['r1'],
  duplicate = false,
): void =>
  answer({
    status: true,
    pushGuid: envelope.pushData.pushGuid,
    duplicate,
    commTrack: { ...freshCommTrack(1), relayed: true, relayTime: Date.now() },
    recipients,
  });

export const refuse = ({ answer }: Arrived, ...problem: Parameters<typeof problemOf>): void =>
  answer({ status: false, error: problemOf(...problem) });

export const put = (content: string | Uint8Array, resource = '/shop/a.html'): PushRequest => ({
  environment: 'development',
  targets: [{ select: { module: 'shop' } }],
  patches: [{ change: 'put', resource, componentType: 'template', content }],
});

export const patchesOf = ({ statement }: Arrived): PatchHead[] =>
  statement.kind === 'patch' ? statement.patches : [];

/** The push as `get-track` tells of it. */
export const viewOf = async ({ envelope, statement }: Arrived, over: object = {}): Promise<object> => ({
  pushGuid: envelope.pushData.pushGuid,
  trigger: envelope.pushData.triggerEvent,
  sender: 'user-1',
  session: 'session-1',
  environment: statement.environment,
  statement: await digestOf(envelope.pushData.statement ?? ''),
  offset: 1,
  acceptedAt: 1,
  deliverBy: statement.deliverBy,
  patches: [],
  commTrack: freshCommTrack(1),
  outcome: 'open',
  recipients: [],
  ...over,
});

/** A proposal as its relay tells of it. */
export const proposalViewOf = (envelope: ICdPushEnvelop): ProposalView => ({
  pushGuid: envelope.pushData.pushGuid,
  sender: 'user-1',
  senderName: 'ada',
  environment: 'development',
  kind: 'patch',
  statement: `sha256-${'A'.repeat(43)}`,
  patches: [],
  asking: [],
  required: 1,
  approvals: [],
  proposedAt: 1,
  expiresAt: 2,
  state: 'waiting',
});

/** One recipient of it, as `get-track` tells of it. */
export const recipientView = (recipient: string, stage: 'pushed' | 'completed', at = Date.now()): object => {
  const isDone = stage === 'completed';
  const commTrack = {
    initTime: at,
    relayed: true,
    relayTime: at,
    pushed: true,
    pushTime: at,
    delivered: isDone,
    deliveryTime: isDone ? at : null,
    completed: isDone,
    completedTime: isDone ? at : null,
  };
  return { recipient, connected: true, attempt: 1, stage, commTrack };
};

/** Under which event the relay tells of each stage. */
const eventOf = {
  relayed: 'push-msg-relayed',
  pushed: 'push-msg-pushed',
  delivered: 'push-delivered',
  completed: 'push-msg-completed',
  failed: 'push-msg-failed',
  expired: 'push-msg-failed',
  superseded: 'push-msg-superseded',
} as const;

/** The relay tells that a recipient came to a stage. */
export const notice = (
  one: Arrived,
  stage: keyof typeof eventOf,
  recipient = 'r1',
  more: object = {},
): void => {
  const { pushGuid } = one.envelope.pushData;
  one.socket.emit(eventOf[stage], {
    pushGuid,
    recipients: [{ recipient, attempt: 1, at: Date.now(), stage, ...more }],
    commTrack: freshCommTrack(1),
    outcome: 'open',
  });
};
