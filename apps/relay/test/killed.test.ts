import type { Head, ICdPushEnvelop, PushAnswer } from '@cd-push/protocol';
import { expect, it, onTestFinished } from 'vitest';

import { Client, RuntimeClient } from './support/clients.ts';
import { deploy, loginOf, options, slow } from './support/deployment.ts';
import { patchPush, type SignedPush } from './support/envelopes.ts';
import { openAnother, serveRelay } from './support/processes.ts';

const files = ['/shop/a.ts', '/shop/b.ts', '/shop/c.ts'];
const total = 60;
const killEvery = 12;

interface Track {
  readonly push: {
    readonly outcome: string;
    readonly recipients: readonly { readonly recipient: string; readonly stage: string }[];
  };
}

/** A program that comes back whenever its connection breaks, and keeps what it took. */
class Program {
  readonly held = new Map<string, Head>();
  /** Versions in the order in which they took effect, by file. */
  readonly effects = new Map<string, number[]>();
  readonly #statements: ReadonlyMap<string, SignedPush>;
  #isOver = false;
  #client: RuntimeClient | undefined;

  constructor(statements: ReadonlyMap<string, SignedPush>) {
    this.#statements = statements;
  }

  async run(url: string, token: string): Promise<void> {
    while (!this.#isOver) {
      const client = new RuntimeClient(url, { token });
      this.#client = client;
      client.hear = ([event, payload]) => {
        if (event === 'apply-runtime-patch') this.#take(payload as ICdPushEnvelop, client);
      };
      try {
        await client.connected();
        await Promise.race([client.hello('one', [...this.held.values()]), client.closed]);
        await client.closed;
      } catch {
        // The relay is not there yet.
      }
      client.close();
    }
  }

  end(): void {
    this.#isOver = true;
    this.#client?.close();
  }

  #take({ pushData }: ICdPushEnvelop, client: RuntimeClient): void {
    const push = this.#statements.get(pushData.pushGuid);
    if (push === undefined) throw new Error('This was never sent.');
    for (const { resource, version, digest } of push.heads) {
      if ((this.held.get(resource)?.version ?? 0) >= version) continue;
      this.held.set(resource, { resource, version, digest });
      this.effects.set(resource, [...(this.effects.get(resource) ?? []), version]);
    }
    client.acknowledge('push-ack', pushData.pushGuid, push.statement, pushData.attempt);
    client.acknowledge('push-msg-complete', pushData.pushGuid, push.statement, pushData.attempt);
  }
}

it(
  'a relay that is killed again and again loses nothing that it has accepted, takes each push once, and leaves with 0 when it is told to',
  async () => {
    const { relay: first, api, login, enrolled, runtime, sender, journalFile } = await deploy();
    runtime.close();
    const { port } = new URL(first.url);
    let relay = first;
    let restarting: Promise<void> = Promise.resolve();
    const restart = async (): Promise<void> => {
      await relay.kill();
      relay = await serveRelay(api.url, { CD_PUSH_DATA: journalFile, PORT: port });
    };

    const pushes = new Map<string, SignedPush>();
    const program = new Program(pushes);
    const running = program.run(first.url, enrolled.token);
    onTestFinished(() => program.end());

    let client: Client | undefined = sender;
    onTestFinished(() => client?.close());
    /** Sends the very same envelope until it is answered. */
    const send = async ({ envelope }: SignedPush): Promise<PushAnswer> => {
      for (;;) {
        try {
          client ??= await new Client(first.url, { token: login.token }).connected();
          const answer = await Promise.race([client.push(envelope), client.closed.then(() => undefined)]);
          if (answer !== undefined && (answer.status || !answer.error.retryable)) return answer;
          // A session connects to one relay once; while that lives, its connection is kept.
          if (answer !== undefined) continue;
        } catch {
          // The relay is not there yet.
        }
        client?.close();
        client = undefined;
        await restarting;
      }
    };

    const latest = new Map<string, SignedPush>();
    for (let count = 0; count < total; count += 1) {
      const resource = files[count % files.length]!;
      const predecessor = latest.get(resource)?.heads[0]?.digest ?? null;
      const push = await patchPush(login, [{ resource, text: `${count}`, predecessor }], options(login));
      pushes.set(push.pushGuid, push);
      latest.set(resource, push);
      const sending = send(push);
      // In the middle of a push, of its acknowledgements, or of nothing: at each of them in some run.
      if (count % killEvery === killEvery - 1) restarting = restart();
      expect(await sending).toMatchObject({ status: true, pushGuid: push.pushGuid });
      await restarting;
    }

    const heads = [...latest.values()].map(({ heads: [head] }) => `${head!.resource} ${head!.digest}`);
    await expect
      .poll(
        () => [...program.held.values()].map(({ resource, digest }) => `${resource} ${digest}`).toSorted(),
        {
          timeout: slow,
        },
      )
      .toEqual(heads.toSorted());
    for (const versions of program.effects.values()) {
      expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
    }
    const another = loginOf(await openAnother(api.url, login.kept));
    const observer = await new Client(first.url, { token: another.token }).connected();
    onTestFinished(() => observer.close());
    for (const { pushGuid } of pushes.values()) {
      await expect
        .poll(async () => (await observer.ask<Track>('get-track', { pushGuid })).push.outcome, {
          timeout: slow,
        })
        .not.toBe('open');
    }
    program.end();
    await running;
    expect(await relay.stop()).toBe(0);
  },
  3 * slow,
);
