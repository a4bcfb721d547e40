import { createServer, type IncomingMessage, type Server } from 'node:http';
import { json } from 'node:stream/consumers';

import { parse, problemOf, type IdentityEvent, type PublicKey } from '@cd-push/protocol';
import { advanceAll, cryptoPlatform, type IdentityState } from '@cd-push/timeline';

import { isRecord } from './is-record.ts';

interface Asked {
  readonly path: string;
  readonly body: Record<string, unknown>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const issuer = 'https://api.example';

/** An api that keeps logs of identities by the real rules, and opens every session that one claims. */
export class FakeApi implements AsyncDisposable {
  readonly url: string;
  readonly asked: Asked[] = [];
  /** Seconds that tokens hold, and that sessions do. */
  ttl = 900;
  sessionSeconds = 12 * 3600;
  clockAheadMs = 0;
  mayPush = true;
  /** What runtimes that enrol ask for. */
  approvals = 0;
  /** What is answered instead, but to whoever asks for a nonce. */
  refusal: Answer | undefined;
  /** Takes what is sent, and loses the answer to it. */
  losesAnswers = false;
  readonly logs = new Map<string, { state: IdentityState; events: IdentityEvent[] }>();
  readonly #server: Server;
  readonly #key: PublicKey;

  private constructor(server: Server, url: string, key: PublicKey) {
    this.#server = server;
    this.url = url;
    this.#key = key;
  }

  static async start(): Promise<FakeApi> {
    const found: { api?: FakeApi } = {};
    const server = createServer((request, response) => {
      const respond = async (): Promise<void> => {
        const { status, body } = (await found.api?.answer(request)) ?? { status: 503, body: {} };
        const changesNothing = request.method !== 'POST' || /\/(?:challenge|log)$/u.test(request.url ?? '');
        const isLost = found.api?.losesAnswers === true && !changesNothing;
        if (isLost) response.destroy();
        else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      };
      void respond();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { d: _secret, ...key } = await cryptoPlatform.generatePrivateKey();
    found.api = new FakeApi(server, `http://127.0.0.1:${port}`, key);
    return found.api;
  }

  of(path: string): Asked[] {
    return this.asked.filter((one) => one.path === path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  async answer(request: IncomingMessage): Promise<Answer> {
    const path = request.url ?? '';
    const body: unknown = request.method === 'POST' ? await json(request) : {};
    const given = isRecord(body) ? body : {};
    this.asked.push({ path, body: given });
    if (path === '/auth/challenge') {
      const nonce = `nonce-${this.asked.length}-0123456789`.padEnd(43, 'x');
      return ok({ nonce, issuer, expiresAt: Date.now() + this.clockAheadMs + 60_000 });
    }
    if (this.refusal !== undefined) return this.refusal;
    if (path === '/auth/enrol' || path === '/auth/runtime-token') return this.#runtime(path);
    if (path === '/identities') return this.#bind(given);
    const [, , identity = '', events] = path.split(/[/?]/u);
    if (path.startsWith('/identities/') && events === undefined) return this.#view(identity);
    if (path.startsWith('/identities/') && events === 'log') {
      return ok({ events: this.logs.get(identity)?.events.slice(Number(given.from)) ?? [] });
    }
    if (path.startsWith('/identities/')) return (await this.#take(identity, given)) ?? this.#view(identity);
    if (path === '/auth/sessions') {
      const taken = await this.#take(String(given.identity), given);
      return taken ?? ok(this.#session(String(given.identity)));
    }
    if (path === '/auth/sessions/token') return ok(this.#session('of a token', String(given.session)));
    return ok({ app_state: {}, data: {} });
  }

  async #bind({ identity, events }: Record<string, unknown>): Promise<Answer> {
    const address = String(identity);
    if (!this.logs.has(address)) {
      const parsed = eventsOf(events);
      const state = await advanceAll(undefined, parsed);
      if (!state.ok) return { status: state.problem.status, body: state.problem };
      this.logs.set(address, { state: state.value, events: parsed });
    }
    const view = this.#view(address);
    if (!isRecord(view.body)) return view;
    return ok({ ...view.body, user, issuer, tenant: 'default', keys: [this.#key] });
  }

  async #take(identity: string, { from, events }: Record<string, unknown>): Promise<Answer | undefined> {
    const log = this.logs.get(identity);
    if (log === undefined) return refused('unauthenticated');
    if (log.state.isRevoked) return refused('identity-revoked');
    if (log.state.tip !== from) return refused('tip-moved');
    const parsed = eventsOf(events);
    const state = await advanceAll(log.state, parsed);
    if (!state.ok) return { status: state.problem.status, body: state.problem };
    // Another one was quicker while this was judged.
    if (this.logs.get(identity) !== log) return refused('tip-moved');
    this.logs.set(identity, { state: state.value, events: [...log.events, ...parsed] });
    return undefined;
  }

  #view(identity: string): Answer {
    const log = this.logs.get(identity);
    if (log === undefined) return refused('not-found');
    const { tip, n, isRevoked } = log.state;
    return ok({ identity, tip, n, registeredAt: 1, revokedAt: isRevoked ? 2 : null });
  }

  #session(identity: string, id = this.#lastClaimed(identity)): object {
    const { ttl } = this;
    const checkTime = Date.now() + this.clockAheadMs;
    const token = `token-${this.of('/auth/sessions').length + this.of('/auth/sessions/token').length}`;
    return {
      app_state: {
        success: true,
        info: null,
        cache: null,
        sess: {
          userId: 1,
          jwt: { jwtToken: token, checked: true, checkTime, authorized: true, ttl },
          ttl,
          initUuid: id,
        },
      },
      data: {
        identity: this.logs.has(identity) ? identity : `b${'a'.repeat(58)}`,
        expiresAt: checkTime + ttl * 1000,
        sessionExpiresAt: checkTime + this.sessionSeconds * 1000,
        certificate: this.mayPush ? 'a.b.c' : null,
        verbs: ['connect', 'push'],
        grants: [],
        user: { ...user, tenant: 'default' },
        issuer,
        keys: [this.#key],
      },
    };
  }

  #lastClaimed(identity: string): string {
    const last = this.logs.get(identity)?.events.at(-1);
    return last?.op === 'claim' ? last.target : '';
  }

  #runtime(path: string): Answer {
    return ok({
      resourceGuid: 'g',
      name: 'till',
      module: 'shop',
      environment: 'development',
      labels: {},
      groups: ['tills'],
      approvals: this.approvals,
      user: 1,
      keys: [this.#key],
      issuer,
      tenant: 'default',
      token: `runtime-${this.of(path).length}`,
      expiresAt: Date.now() + this.clockAheadMs + this.ttl * 1000,
    });
  }
}

const user = {
  id: 1,
  guid: 'u',
  name: 'ada',
  roles: ['developer'],
  tenant: 'default',
  subject: 'user-1',
};

const ok = (body: unknown): Answer => ({ status: 200, body });
const refused = (kind: Parameters<typeof problemOf>[0]): Answer => {
  const problem = problemOf(kind);
  return { status: problem.status, body: problem };
};

const eventsOf = (value: unknown): [IdentityEvent, ...IdentityEvent[]] => {
  const [first, ...others] = (Array.isArray(value) ? value : []).map((event) => {
    const parsed = parse('IdentityEvent', event, 'bad-identity');
    if (!parsed.ok) throw new Error(parsed.problem.detail);
    return parsed.value;
  });
  if (first === undefined) throw new Error('No event was sent.');
  return [first, ...others];
};
