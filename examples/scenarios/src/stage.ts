import { randomBytes } from 'node:crypto';

import { startApi } from '@cd-push/api';
import { login } from '@cd-push/client';
import { silentLog, startRelay } from '@cd-push/relay';
import type { ScenarioPair, Side, SyncWanted } from '@cd-push/timeline';

import { ReplicaProcess } from './replica/replica-process.ts';
import type { Synced } from './replica/calls.ts';

const environment = 'development';
const module = 'scenarios';

/** An api, a relay, and two developers, each a process of its own, who have nothing between them but that relay. */
export class Stage implements AsyncDisposable {
  readonly relayUrl: string;
  readonly replicas: Readonly<Record<Side, ReplicaProcess>>;
  readonly #tenant: string;
  readonly #owner: AsyncDisposableStack;

  private constructor(
    relayUrl: string,
    replicas: Readonly<Record<Side, ReplicaProcess>>,
    tenant: string,
    owner: AsyncDisposableStack,
  ) {
    this.relayUrl = relayUrl;
    this.replicas = replicas;
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
    return new Stage(relay.url, replicas, tenant, owner.move());
  }

  /**
   * Both developers with nothing yet. A saga that one of them begins is with the relay, which has whatever the other one has
   * by then; once it is over, the other one fetches what came of it.
   */
  async pair(): Promise<ScenarioPair> {
    for (const replica of Object.values(this.replicas)) await replica.call('reset', null);
    const label = randomBytes(6).toString('hex');
    return {
      spaces: this.replicas,
      origin: (name) => ({ tenant: this.#tenant, environment, resource: `/${module}/${label}/${name}` }),
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owner.disposeAsync();
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
