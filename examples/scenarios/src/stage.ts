import { randomBytes } from 'node:crypto';

import { startApi } from '@cd-push/api';
import { login, makeJoinCode } from '@cd-push/client';
import { silentLog, startRelay } from '@cd-push/relay';
import { begunBy, type ScenarioPair, type Side, type SyncWanted } from '@cd-push/timeline';

import { ReplicaProcess } from './replica/replica-process.ts';
import type { Synced } from './replica/calls.ts';

const environment = 'development';
const module = 'scenarios';

/**
 * An api, a relay, and two developers, each a process of its own, who have nothing between them but that relay; and a runtime,
 * a process as well.
 */
export class Stage implements AsyncDisposable {
  readonly relayUrl: string;
  readonly replicas: Readonly<Record<Side, ReplicaProcess>>;
  readonly runtime: ReplicaProcess;
  readonly #tenant: string;
  readonly #owner: AsyncDisposableStack;

  private constructor(
    relayUrl: string,
    replicas: Readonly<Record<Side, ReplicaProcess>>,
    runtime: ReplicaProcess,
    tenant: string,
    owner: AsyncDisposableStack,
  ) {
    this.relayUrl = relayUrl;
    this.replicas = replicas;
    this.runtime = runtime;
    this.#tenant = tenant;
    this.#owner = owner;
  }

  static async open(): Promise<Stage> {
    await using owner = new AsyncDisposableStack();
    const serviceCredential = { id: 'relay', secret: secret() };
    const admin = { userName: 'admin', password: secret() };
    const api = await startApi({
      dataFile: ':memory:',
      seed: { ...admin, roles: ['admin'], grants: [] },
      serviceCredential,
      // Every saga is a connection with a session of its own, and all of them come from this machine.
      rateLimits: { requestsPerAddress: 1_000_000 },
      logLevel: 'error',
    });
    owner.defer(() => api.close());
    const relay = await startRelay({
      apiUrl: api.url,
      serviceCredential,
      port: 0,
      allowedOrigins: [],
      journal: { kind: 'memory' },
      logger: silentLog,
    });
    owner.defer(() => relay.close());
    const replicas = { a: owner.use(new ReplicaProcess()), b: owner.use(new ReplicaProcess()) };
    let tenant = '';
    for (const [side, userName] of [
      ['a', 'ada'],
      ['b', 'bob'],
    ] as const) {
      const password = secret();
      await addDeveloper(api.url, admin, { userName, password });
      tenant = await replicas[side].call('sign-in', { apiUrl: api.url, userName, password });
    }
    const runtime = owner.use(new ReplicaProcess());
    const { code: joinCode } = await makeJoinCode(await login({ apiUrl: api.url, ...admin }), {
      module,
      environment,
    });
    await runtime.call('enrol', { apiUrl: api.url, joinCode });
    return new Stage(relay.url, replicas, runtime, tenant, owner.move());
  }

  /**
   * Both developers with nothing yet. A saga that one of them begins is with the relay, which has whatever the other one has
   * by then; once it is over, the other one fetches what came of it.
   */
  async pair(): Promise<ScenarioPair> {
    return {
      ...(await this.#begin(this.replicas)),
      sync: async (initiator, wanted) => {
        const other = initiator === 'a' ? 'b' : 'a';
        const { strategy: _strategy, ...all } = wanted;
        await this.#sync(other, { ...all, constants: await this.#ownOf(other, wanted) });
        const report = await this.#sync(initiator, wanted);
        await this.#sync(other, all);
        return report;
      },
    };
  }

  /**
   * The relay, and the runtime at one of the sides. What the relay has, Ada brings there before every saga; which the runtime
   * begins, whoever is said to.
   */
  async pairWithRuntime(side: Side): Promise<ScenarioPair> {
    const { a: ada } = this.replicas;
    return {
      ...(await this.#begin(side === 'a' ? { a: this.runtime, b: ada } : { a: ada, b: this.runtime })),
      sync: begunBy(side, async (wanted) => {
        const { strategy: _strategy, ...all } = wanted;
        await this.#sync('a', { ...all, constants: await this.#ownOf('a', wanted) });
        return this.runtime.call('sync', { relayUrl: this.relayUrl, wanted });
      }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owner.disposeAsync();
  }

  async #begin(
    spaces: Readonly<Record<Side, ReplicaProcess>>,
  ): Promise<Pick<ScenarioPair, 'spaces' | 'origin'>> {
    for (const replica of Object.values(spaces)) await replica.call('reset', null);
    const label = randomBytes(6).toString('hex');
    return {
      spaces,
      origin: (name) => ({ tenant: this.#tenant, environment, resource: `/${module}/${label}/${name}` }),
    };
  }

  #sync(side: Side, wanted: SyncWanted): Promise<Synced> {
    return this.replicas[side].call('sync', { relayUrl: this.relayUrl, wanted });
  }

  /** Constants that a side has: what it has to tell of. */
  async #ownOf(side: Side, { constants = [] }: SyncWanted): Promise<SyncWanted['constants']> {
    const here = await this.replicas[side].has(constants);
    return constants.filter((address) => here.has(address));
  }
}

const secret = (): string => randomBytes(24).toString('base64url');

const addDeveloper = async (
  apiUrl: string,
  admin: { readonly userName: string; readonly password: string },
  user: { readonly userName: string; readonly password: string },
): Promise<void> => {
  const session = await login({ apiUrl, ...admin });
  const { token } = await session.access();
  const grants = [{ prefix: `/${module}`, environments: [environment] }];
  const answer = await fetch(`${apiUrl}/users`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...user, roles: ['developer'], grants }),
  });
  if (!answer.ok) throw new Error(await answer.text());
};
