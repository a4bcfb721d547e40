import { onTestFinished } from 'vitest';

import type { Clock } from '../../src/clock.ts';
import type { Log } from '../../src/log.ts';
import { startRelay, type Relay, type RelayOptions } from '../../src/start-relay.ts';
import { Client, RuntimeClient } from './clients.ts';
import { MemoryAuthority, type Login, type SigningLogin } from './memory-authority.ts';
import type { RuntimeSession } from '../../src/authority/session.ts';
import type { Head, RuntimeHello, Welcome } from '@cd-push/protocol';

export const pageOrigin = 'https://app.test';

/** A log that keeps its lines. */
export class KeptLog implements Log {
  readonly lines: string[] = [];
  readonly debug = (...parts: unknown[]): void => void this.lines.push(JSON.stringify(parts));
  readonly info = this.debug;
  readonly warn = this.debug;
  readonly error = this.debug;
}

/** A relay on a free port with an authority in memory, and clients that end with the test. */
export class Stack {
  readonly authority: MemoryAuthority;
  readonly log: KeptLog;
  readonly relay: Relay;
  readonly url: string;
  readonly close: () => Promise<void>;

  private constructor(authority: MemoryAuthority, log: KeptLog, relay: Relay) {
    this.authority = authority;
    this.log = log;
    this.relay = relay;
    this.url = relay.url;
    this.close = () => relay.close();
  }

  static async start(
    options: {
      readonly clock?: Clock;
      readonly legacy?: 'on';
      /** Of an earlier or another relay. */
      readonly authority?: MemoryAuthority;
    } & Partial<Omit<RelayOptions, 'authority' | 'clock' | 'legacy' | 'logger' | 'allowedOrigins'>> = {},
  ): Promise<Stack> {
    const authority = options.authority ?? (await MemoryAuthority.create());
    const log = new KeptLog();
    const relay = await startRelay({
      port: 0,
      allowedOrigins: [pageOrigin],
      logger: log,
      journal: { kind: 'memory' },
      ...options,
      authority,
    });
    onTestFinished(() => relay.close());
    return new Stack(authority, log, relay);
  }

  client(auth: object): Client {
    const client = new Client(this.url, auth);
    onTestFinished(() => client.close());
    return client;
  }

  async sender(
    options: Parameters<MemoryAuthority['developer']>[0] = {},
  ): Promise<{ client: Client; login: SigningLogin }> {
    const login = await this.authority.developer(options);
    return { client: await this.client({ token: login.token }).connected(), login };
  }

  /** A connected runtime that has said hello. */
  async runtime(
    options: Parameters<MemoryAuthority['runtime']>[0] = {},
    instance = 'one',
    heads: readonly Head[] = [],
    hello: Partial<RuntimeHello> = {},
  ): Promise<{ client: RuntimeClient; login: Login<RuntimeSession>; welcome: Welcome; recipient: string }> {
    const login = this.authority.runtime(options);
    const { client, welcome } = await this.join(login, instance, heads, hello);
    return { client, login, welcome, recipient: welcome.recipient };
  }

  runtimeClient(login: Login<RuntimeSession>): RuntimeClient {
    const client = new RuntimeClient(this.url, { token: login.token });
    onTestFinished(() => client.close());
    return client;
  }

  /** Another connection of a runtime. */
  async join(
    login: Login<RuntimeSession>,
    instance = 'one',
    heads: readonly Head[] = [],
    hello: Partial<RuntimeHello> = {},
  ): Promise<{ client: RuntimeClient; welcome: Welcome }> {
    const client = this.runtimeClient(login);
    await client.connected();
    return { client, welcome: await client.hello(instance, heads, hello) };
  }
}
