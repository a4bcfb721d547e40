import {
  freshCommTrack,
  limits,
  ProblemError,
  problemOf,
  type ICdPushEnvelop,
  type PushAnswer,
  type Statement,
} from '@cd-push/protocol';
import { digestOf, fromBase64url } from '@cd-push/timeline';

import { RelayClock } from '../../src/clock/relay-clock.ts';
import type { SenderConnection } from '../../src/publisher/sender-connection.ts';

/** What happens to one arrival of a push. */
export const fates = [
  'take',
  // It is taken, and nobody hears of it.
  'lose',
  // It does not arrive.
  'drop',
  'busy',
  'journal-away',
  'internal',
  'forbid',
  // Another sender's push of the file comes in between.
  'overtake',
  // The statement is old when it arrives.
  'age',
  // The sender is killed: before the relay took it, or after.
  'kill-before',
  'kill-after',
] as const;
export type Fate = (typeof fates)[number];

interface ModelHooks {
  /** Ends the sender, and starts another one. */
  readonly kill: () => void;
  /** Lets so much time pass that every statement is old. */
  readonly age: () => void;
}

/** What a relay does with pushes of single files, without sockets and in the time of the test. */
export class ModelRelay {
  /** By guid: the digest of the statement that was accepted. */
  readonly accepted = new Map<string, string>();
  /** Guids by resource, in the order of their acceptance. */
  readonly order = new Map<string, string[]>();
  /** Guids in the order of their arrival. */
  readonly arrivals: string[] = [];
  readonly #heads = new Map<string, { version: number; digest: string | null }>();
  readonly #fates: Fate[];
  readonly #isAnswered: boolean[];
  readonly #hooks: ModelHooks;

  /** @param isAnswered of each question (`get-heads`, `get-track`), whether it is; all are after the last. */
  constructor(fated: readonly Fate[], isAnswered: readonly boolean[], hooks: ModelHooks) {
    this.#fates = [...fated];
    this.#isAnswered = [...isAnswered];
    this.#hooks = hooks;
  }

  /** The connection of one life of the sender. */
  connect(): SenderConnection {
    const ask = async (event: string, payload: unknown): Promise<object> => {
      await Promise.resolve();
      if (this.#isAnswered.shift() === false) throw new ProblemError(problemOf('timeout'));
      return this.#answer(event, payload as { pushGuid: string; resources: string[] });
    };
    return {
      clock: new RelayClock(),
      relayUrl: 'http://relay.test',
      signer: undefined,
      status: { state: 'open' },
      on: () => () => undefined,
      onStatus: () => () => undefined,
      opened: async (options) => options?.signal?.throwIfAborted(),
      request: ask as SenderConnection['request'],
      push: async (_trigger, envelope, options) => {
        const answer = await this.#arrive(envelope);
        options?.signal?.throwIfAborted();
        return answer;
      },
    };
  }

  async #arrive(envelope: ICdPushEnvelop): Promise<PushAnswer> {
    const jws = envelope.pushData.statement ?? '';
    const statement = JSON.parse(
      new TextDecoder().decode(fromBase64url(jws.split('.')[1] ?? '')),
    ) as Statement;
    const { pushGuid } = statement;
    this.arrivals.push(pushGuid);
    await Promise.resolve();
    const fate = this.#fates.shift() ?? 'take';
    switch (fate) {
      case 'take':
        return this.#take(statement, jws);
      case 'lose':
        await this.#take(statement, jws);
        return refusal('timeout');
      case 'drop':
        return refusal('unavailable');
      case 'busy':
        return refusal('rate-limited', { retryAfter: 0.3 });
      case 'journal-away':
        return refusal('journal-unavailable', { retryAfter: 1 });
      case 'internal':
        return refusal('internal');
      case 'forbid':
        return refusal('forbidden');
      case 'overtake':
        for (const name of resourcesOf(statement)) {
          const { version } = this.#head(name);
          this.#heads.set(name, { version: version + 1, digest: await digestOf(`theirs ${version}`) });
        }
        return this.#take(statement, jws);
      case 'age':
        this.#hooks.age();
        return this.#take(statement, jws);
      case 'kill-before':
        this.#hooks.kill();
        return refusal('unavailable');
      case 'kill-after': {
        const answer = await this.#take(statement, jws);
        this.#hooks.kill();
        return answer;
      }
      default:
        return fate satisfies never;
    }
  }

  async #take(statement: Statement, jws: string): Promise<PushAnswer> {
    const { pushGuid, issuedAt } = statement;
    const digest = await digestOf(jws);
    const first = this.accepted.get(pushGuid);
    if (first !== undefined)
      return first === digest
        ? accepted(pushGuid, true)
        : refusal('conflict', { path: '/pushData/pushGuid' });
    if (Math.abs(Date.now() - issuedAt) > limits.clockSkewMs) return untimely;
    if (statement.kind !== 'patch') throw new Error('The model takes files alone.');
    const ahead = statement.patches.findIndex(({ version }) => version > issuedAt + limits.clockSkewMs);
    if (ahead !== -1)
      return refusal('invalid-envelope', { path: `/pushData/statement/patches/${ahead}/version` });
    for (const { resource, version, predecessor } of statement.patches) {
      const current = this.#head(resource);
      if (predecessor !== current.digest || version <= current.version)
        return refusal('conflict', { current });
    }
    for (const { resource, version, digest: content } of statement.patches) {
      this.#heads.set(resource, { version, digest: content });
      this.order.set(resource, [...(this.order.get(resource) ?? []), pushGuid]);
    }
    this.accepted.set(pushGuid, digest);
    return accepted(pushGuid, false);
  }

  #answer(event: string, { pushGuid, resources }: { pushGuid: string; resources: string[] }): object {
    if (event === 'get-heads')
      return { heads: resources.map((resource) => ({ resource, ...this.#head(resource) })) };
    const statement = this.accepted.get(pushGuid);
    if (statement === undefined) throw new ProblemError(problemOf('not-found'));
    return { push: { pushGuid, statement, commTrack: freshCommTrack(1), recipients: [] } };
  }

  #head(resource: string): { version: number; digest: string | null } {
    return this.#heads.get(resource) ?? { version: 0, digest: null };
  }
}

const resourcesOf = (statement: Statement): string[] =>
  statement.kind === 'patch' ? statement.patches.map(({ resource }) => resource) : [];

const accepted = (pushGuid: string, duplicate: boolean): PushAnswer => ({
  status: true,
  pushGuid,
  duplicate,
  commTrack: freshCommTrack(1),
  recipients: [],
});

const refusal = (...problem: Parameters<typeof problemOf>): PushAnswer => ({
  status: false,
  error: problemOf(...problem),
});

const untimely = refusal('bad-signature', { path: '/pushData/statement/issuedAt' });
