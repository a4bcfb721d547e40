import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { ProblemError } from '@cd-push/protocol';
import type { Address, Space, SpaceChange, SpaceCommit, Tip } from '@cd-push/timeline';

import type { CallName, Calls, Reply } from './calls.ts';

const program = join(import.meta.dirname, 'replica.ts');

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** A developer's process, or a runtime's, seen from here: its timelines are a space like any other. */
export class ReplicaProcess implements Space, AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;

  constructor() {
    // Bytes and sets go over as what they are.
    this.#process = fork(program, {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#process.on('message', (reply: Reply) => this.#heard(reply));
    this.#process.on('exit', (code) => this.#ended(code));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  call<Name extends CallName>(name: Name, given: Calls[Name]['given']): Promise<Calls[Name]['value']> {
    const { promise, resolve, reject } = Promise.withResolvers<Calls[Name]['value']>();
    if (!this.#process.connected) return Promise.reject(new Error('The replica has ended.'));
    this.#calls += 1;
    this.#waiting.set(this.#calls, { resolve, reject });
    this.#process.send({ id: this.#calls, name, given }, (error) => {
      if (error !== null) reject(error);
    });
    return promise;
  }

  get(address: Address): Promise<Uint8Array | undefined> {
    return this.call('get', address);
  }

  has(addresses: readonly Address[]): Promise<ReadonlySet<Address>> {
    return this.call('has', addresses);
  }

  tip(timeline: Address): Promise<Address | undefined> {
    return this.call('tip', timeline);
  }

  tips(after: Address | undefined, limit: number): Promise<readonly Tip[]> {
    return this.call('tips', { after, limit });
  }

  commit(change: SpaceChange): Promise<SpaceCommit> {
    return this.call('commit', change);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.disconnect();
    await exited;
  }

  #heard(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    switch (reply.type) {
      case 'value':
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the answer to a call is of its kind
        waiting?.resolve(reply.value as never);
        return;
      case 'problem':
        waiting?.reject(new ProblemError(reply.problem));
        return;
      case 'failure':
        waiting?.reject(new Error(reply.message));
        return;
      default:
        reply satisfies never;
    }
  }

  #ended(code: number | null): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(`The replica has ended (${code}).`));
    this.#waiting.clear();
  }
}
