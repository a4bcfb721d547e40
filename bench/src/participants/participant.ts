import { spawn, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

import { Type, type Static, type TSchema } from 'typebox';
import { Check } from 'typebox/value';

const Ready = Type.Object({ ready: Type.Literal(true) });
const Answer = Type.Union([
  Type.Object({ id: Type.Integer(), value: Type.Unknown() }),
  Type.Object({ id: Type.Integer(), error: Type.String() }),
]);

const programs = {
  api: new URL('./api.ts', import.meta.url),
  relay: new URL('./relay.ts', import.meta.url),
  'counted-relay': new URL('./counted-relay.ts', import.meta.url),
  sender: new URL('./sender.ts', import.meta.url),
  recipients: new URL('./recipients.ts', import.meta.url),
  lagging: new URL('./lagging.ts', import.meta.url),
  'anchor-server': new URL('./anchor-server.ts', import.meta.url),
  'anchor-client': new URL('./anchor-client.ts', import.meta.url),
  'rival-client': new URL('./rival-client.ts', import.meta.url),
  'ws-server': new URL('./ws-server.ts', import.meta.url),
  broker: new URL('./broker.ts', import.meta.url),
  'floor-server': new URL('./floor-server.ts', import.meta.url),
  'vite-server': new URL('./vite-server.ts', import.meta.url),
};

export interface ParticipantOptions {
  readonly program: keyof typeof programs;
  /** Processor that it is held to, where the system can; without one it goes where the system puts it. */
  readonly cpu?: number;
  /** Flags of Node's own. */
  readonly nodeFlags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** How long one command may take before the run is given up: nothing here takes a tenth of it on an idle machine. */
const patienceMs = 180_000;

/** A process of its own that takes part in a benchmark. Disposing of it ends it. */
export class Participant implements AsyncDisposable {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #lastId = 0;
  #isLetGo = false;
  #isKilled = false;
  /** Why it ended by itself, where nobody was waiting who could have been told. */
  #untold: Error | undefined;

  private constructor({ program, cpu, nodeFlags = [], env = {} }: ParticipantOptions) {
    this.#name = program;
    const file = fileURLToPath(programs[program]);
    const [executable, ...args] = [...pinning(cpu), process.execPath, ...nodeFlags, file];
    this.#child = spawn(executable ?? process.execPath, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...env },
    });
    this.#child.on('message', (message: unknown) => this.#hear(message));
    this.#child.once('error', (error) => this.#fail(error));
    this.#child.once('exit', (code) => {
      if (!this.#isLetGo || (code !== 0 && !this.#isKilled))
        this.#fail(new Error(`${this.#name} ended with ${code}.`));
      this.#ended.resolve();
    });
  }

  static async start(options: ParticipantOptions): Promise<Participant> {
    const participant = new Participant(options);
    await participant.#ready.promise;
    return participant;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Has it do something and answer what came of it. */
  async ask<Schema extends TSchema>(
    command: string,
    args: object,
    schema: Schema,
    withinMs = patienceMs,
  ): Promise<Static<Schema>> {
    this.#requireAlive();
    const id = (this.#lastId += 1);
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    const timer = setTimeout(
      () => waiting.reject(new Error(`${this.#name} did not ${command} within ${withinMs / 1000} s.`)),
      withinMs,
    );
    try {
      this.#child.send({ id, command, args });
      const value = await waiting.promise;
      if (!Check(schema, value))
        throw new TypeError(`What ${this.#name} answers to ${command} does not fit.`);
      return value;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  async tell(command: string, args: object = {}): Promise<void> {
    await this.ask(command, args, Type.Object({}));
  }

  /** @throws Error where it had ended by itself: what was measured since then may have been something else. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isLetGo = true;
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => {
      this.#isKilled = this.#child.kill('SIGKILL');
    }, 5_000);
    await this.#ended.promise;
    clearTimeout(timer);
    this.#requireAlive();
  }

  #requireAlive(): void {
    const failure = this.#untold;
    this.#untold = undefined;
    if (failure !== undefined) throw failure;
  }

  #hear(message: unknown): void {
    if (Check(Ready, message)) {
      this.#ready.resolve();
      return;
    }
    if (!Check(Answer, message)) return;
    const waiting = this.#waiting.get(message.id);
    if ('error' in message) waiting?.reject(new Error(`${this.#name}: ${message.error}`));
    else waiting?.resolve(message.value);
  }

  #fail(error: Error): void {
    this.#ready.reject(error);
    if (this.#waiting.size === 0) this.#untold = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    if (this.#child.exitCode === null && this.#child.pid === undefined) this.#ended.resolve();
  }
}

/** Whether processes are held to processors here: otherwise the two ends of a socket now share one, now do not. */
export const canPin = process.platform === 'linux' && availableParallelism() >= 2;

const pinning = (cpu: number | undefined): string[] =>
  cpu === undefined || !canPin ? [] : ['taskset', '--cpu-list', String(cpu)];

/** Where the server of a comparison runs, and where all that talk to it do. */
export const serverCpu = 0;
export const clientCpu = 1;
