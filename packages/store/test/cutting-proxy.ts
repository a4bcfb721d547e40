import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What happens to what a client sends when a text occurs in it for the first time. */
type Fate = 'held' | 'lost' | 'unanswered';

/** Stands between a client and PostgreSQL, and can hold back or cut what passes. */
export class CuttingProxy {
  /** The database's address by way of this proxy. */
  url = '';
  #isOpen = true;
  #plan: { readonly text: string; readonly fate: Fate; readonly reached: () => void } | undefined;
  #held: (() => void)[] = [];
  readonly #sockets = new Set<Socket>();

  static async before(databaseUrl: string): Promise<CuttingProxy> {
    const proxy = new CuttingProxy();
    const target = new URL(databaseUrl);
    const server = createServer((client) => proxy.#relay(client, target));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const url = new URL(databaseUrl);
    url.host = `127.0.0.1:${port}`;
    proxy.url = url.href;
    onTestFinished(() => {
      proxy.cut();
      server.close();
    });
    return proxy;
  }

  /**
   * Has something happen to the next message that holds a text: it waits for {@link release}, is lost with its connection,
   * or reaches the server but its answer is lost with the connection. Resolves when it came to that.
   */
  next(text: string, fate: Fate): Promise<void> {
    return new Promise((resolve) => {
      this.#plan = { text, fate, reached: resolve };
    });
  }

  release(): void {
    for (const go of this.#held) go();
    this.#held = [];
  }

  /** Ends all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends all connections, and lets nobody through until {@link open}. */
  close(): void {
    this.#isOpen = false;
    this.cut();
  }

  open(): void {
    this.#isOpen = true;
  }

  #relay(client: Socket, { hostname, port }: URL): void {
    if (!this.#isOpen) {
      client.destroy();
      return;
    }
    const server = connect(Number(port || 5432), hostname);
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', end).on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    let isAnswered = true;
    server.on('data', (data) => {
      if (isAnswered) client.write(data);
      else end();
    });
    client.on('data', (data) => {
      const plan = this.#plan;
      if (plan === undefined || !data.includes(plan.text)) {
        server.write(data);
        return;
      }
      this.#plan = undefined;
      plan.reached();
      switch (plan.fate) {
        case 'held':
          this.#held.push(() => server.write(data));
          return;
        case 'lost':
          end();
          return;
        case 'unanswered':
          isAnswered = false;
          server.write(data);
          return;
        default:
          plan.fate satisfies never;
      }
    });
  }
}
