import { createAdapter } from '@socket.io/redis-streams-adapter';
import { createClient } from 'redis';
import type { Adapter } from 'socket.io-adapter';

import type { Log } from '../log.ts';

export interface RedisOptions {
  /** It may hold a password, and is never said again. */
  readonly url: string;
  /** Before the names of everything that is used there; `cd-push` by default. */
  readonly prefix?: string;
}

/** The adapter reads answers as they are in version 2 of Redis' protocol. */
const newClient = (url: string) => createClient({ url, RESP: 2 });
type Client = ReturnType<typeof newClient>;

/** How long nothing is read after a reading failed. */
const pauseMs = 1_000;

/**
 * Redis, as far as it is used: to wake relays that share a journal. Nothing depends on it. While it is away nothing is
 * published, nothing is thrown, and it is sought again for as long as the relay runs.
 */
export class RedisLink {
  readonly #options: RedisOptions;
  readonly #log: Log;
  readonly #clients: QuietClient[] = [];
  readonly #back: () => void;

  /** @param back called whenever Redis is there again: what was published meanwhile was not heard. */
  constructor(options: RedisOptions, log: Log, back: () => void) {
    this.#options = options;
    this.#log = log;
    this.#back = back;
  }

  /** Of Socket.IO's server, which is to be closed before this is. */
  adapter(): (namespace: unknown) => Adapter {
    const { prefix = 'cd-push' } = this.#options;
    const client = this.#connect(() => {});
    void client.connect();
    return createAdapter(client, {
      streamName: `${prefix}:relays`,
      channelPrefix: `${prefix}:relays`,
      onlyPlaintext: true,
    });
  }

  close(): void {
    for (const client of this.#clients) client.disconnect();
  }

  #connect(ready: () => void): QuietClient {
    const client = newClient(this.#options.url);
    client.on('error', (error: unknown) => {
      // Neither its words nor its members: they may hold the address and what belongs to it.
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      this.#log.warn(
        { code },
        'Redis is away; until it is back relays look at the journal every two seconds.',
      );
    });
    client.on('ready', ready);
    const quiet = new QuietClient(client, () => this.#connect(this.#back));
    this.#clients.push(quiet);
    return quiet;
  }
}

/** What the adapter uses of a client. Its own calls are not waited for by anybody, so none of these ever rejects. */
class QuietClient {
  readonly #client: Client;
  readonly #another: () => QuietClient;
  readonly #closed = Promise.withResolvers<null>();
  #isClosed = false;

  constructor(client: Client, another: () => QuietClient) {
    this.#client = client;
    this.#another = another;
  }

  duplicate(): QuietClient {
    return this.#another();
  }

  /** Errors are heard by whoever made the client. */
  on(): this {
    return this;
  }

  /** Resolves when it is connected for the first time, or was closed before. */
  async connect(): Promise<void> {
    try {
      await this.#client.connect();
    } catch {
      // It was closed: only that ends the search.
    }
  }

  /** That there is such a method is how the adapter tells this package from another. */
  async sSubscribe(): Promise<void> {}

  async subscribe(
    channels: string[],
    listener: (payload: Buffer, channel: Buffer) => void,
    _buffers: true,
  ): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.#client.subscribe(channels, listener, true);
    } catch {
      // It was closed; after any other break the client subscribes again by itself.
    }
  }

  async publish(channel: string, payload: Buffer): Promise<number> {
    // What waited would be of no use later.
    if (!this.#client.isReady) return 0;
    try {
      return await this.#client.publish(channel, payload);
    } catch {
      return 0;
    }
  }

  async xAdd(...entry: Parameters<Client['xAdd']>): Promise<string | null> {
    if (!this.#client.isReady) return null;
    try {
      return await this.#client.xAdd(...entry);
    } catch {
      return null;
    }
  }

  async xRead(...request: Parameters<Client['xRead']>): Promise<unknown> {
    // The adapter reads again at once; after the end there is nothing to read, ever.
    if (this.#isClosed) return new Promise(() => {});
    try {
      return await Promise.race([this.#client.xRead(...request), this.#closed.promise]);
    } catch {
      await new Promise((resolve) => {
        setTimeout(resolve, pauseMs).unref();
      });
      return null;
    }
  }

  disconnect(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closed.resolve(null);
    this.#client.destroy();
  }
}
