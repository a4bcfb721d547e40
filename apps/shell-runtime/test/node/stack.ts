import { join } from 'node:path';

import { startApi } from '@cd-push/api';
import {
  connect,
  login,
  Publisher,
  type PatchInput,
  type Push,
  type RecipientTrack,
  type Session,
} from '@cd-push/client';
import { epochMs } from '@cd-push/protocol';
import { silentLog, startRelay } from '@cd-push/relay';
import { onTestFinished } from 'vitest';

const serviceCredential = { id: 'relay', secret: 'a service secret of at least 32 characters' };
const targets = [{ select: { module: 'app', environment: 'development' } }];

/** The real api and relay on free ports, and a developer who may push. */
export class Stack {
  readonly apiUrl: string;
  readonly relayUrl: string;
  readonly #session: Session;
  readonly #publisher: Publisher;

  private constructor(apiUrl: string, relayUrl: string, session: Session, publisher: Publisher) {
    this.apiUrl = apiUrl;
    this.relayUrl = relayUrl;
    this.#session = session;
    this.#publisher = publisher;
  }

  /**
   * @param dir where the api keeps its data.
   * @param clocks milliseconds by which the api's clock, and the relay's, run ahead of this machine's.
   */
  static async create(dir: string, clocks: Partial<Record<'api' | 'relay', number>> = {}): Promise<Stack> {
    const { api: apiAhead = 0, relay: relayAhead = 0 } = clocks;
    const grants = [{ prefix: '/app', environments: ['development'] }];
    const seed = { userName: 'dev', password: 'correct horse', grants, roles: ['developer' as const] };
    const api = await startApi({
      dataFile: join(dir, 'api.db'),
      serviceCredential,
      seed,
      logLevel: 'silent',
      clock: () => Date.now() + apiAhead,
    });
    onTestFinished(() => api.close());
    const relay = await startRelay({
      port: 0,
      allowedOrigins: [],
      apiUrl: api.url,
      serviceCredential,
      journal: { kind: 'memory' },
      logger: silentLog,
      clock: {
        now: () => epochMs(Date.now() + relayAhead),
        after: (ms, callback) => {
          const timer = setTimeout(callback, ms).unref();
          return () => clearTimeout(timer);
        },
      },
    });
    onTestFinished(() => relay.close());
    const session = await login({ apiUrl: api.url, userName: 'dev', password: 'correct horse' });
    const connection = connect({ relayUrl: relay.url, session });
    onTestFinished(() => connection.close());
    await connection.opened();
    return new Stack(api.url, relay.url, session, new Publisher({ connection, session }));
  }

  async joinCode(): Promise<string> {
    const { token } = await this.#session.access();
    const answer = await fetch(`${this.apiUrl}/join-codes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ module: 'app', environment: 'development' }),
    });
    const { code } = (await answer.json()) as { code: string };
    return code;
  }

  /** Pushes to every runtime of the module, and gives the track of the only one. */
  push(...patches: readonly PatchInput[]): Promise<RecipientTrack> {
    return settledTrack(this.begin(...patches));
  }

  /** A push that is under way. */
  begin(...patches: readonly PatchInput[]): Push {
    return this.#publisher.push({ environment: 'development', targets, patches });
  }

  notify(message: string): Promise<RecipientTrack> {
    return settledTrack(this.#publisher.notify({ environment: 'development', targets, message }));
  }

  /** The same to whatever the developer has let enrol. */
  notifyOwn(message: string): Promise<RecipientTrack> {
    const own = [{ user: this.#session.account.user.id }];
    return settledTrack(this.#publisher.notify({ environment: 'development', targets: own, message }));
  }

  operate(operation: string, args: unknown): Promise<RecipientTrack> {
    return settledTrack(this.#publisher.operate({ environment: 'development', targets, operation, args }));
  }
}

/** The track of the only recipient, at its end. */
export const settledTrack = async (push: Push): Promise<RecipientTrack> => {
  const { reached, missed } = await push.settled('completed');
  return [...reached, ...missed][0]!;
};
