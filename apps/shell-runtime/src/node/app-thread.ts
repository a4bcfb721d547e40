import { extname } from 'node:path';
import { inspect } from 'node:util';
import { MessageChannel, Worker, type MessagePort, type WorkerOptions } from 'node:worker_threads';

import { problemOf, ProblemError, type Problem } from '@cd-push/protocol';

import type { SavedEdit } from '../edits/saved-edit.ts';
import type { AppCommand, AppCommands, AppSetup, Order, Up } from './app/messages.ts';
import { readAnswer } from './app/read-answer.ts';

/** Why a thread is no more. */
export type ThreadEnd =
  | { readonly kind: 'stopped' }
  /** It ended by itself: an error that nobody caught, out of memory, `process.exit`. */
  | { readonly kind: 'died'; readonly error: unknown; readonly exitCode: number };

export interface ThreadEvents {
  restartAsked(detail: string): void;
  /** The program has saved an edit; resolves to what became of it. */
  saved(resource: string, text: string): Promise<SavedEdit>;
  /** Called once. */
  ended(end: ThreadEnd): void;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: ProblemError) => void;
}

/** Bare imports are resolved from the project's folder, which Node lets a module choose behind this flag alone. */
const resolveFlag = '--experimental-import-meta-resolve';

/** The supervisor's end of one app thread. */
export class AppThread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #events: ThreadEvents;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #lastId = 0;
  #error: unknown;
  #stopping = false;
  #ended = false;

  /** @param env what the program finds as `process.env`. */
  constructor(setup: AppSetup, env: NodeJS.ProcessEnv, events: ThreadEvents) {
    this.#events = events;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    // The file has this one's extension: sources are run by Node as they are, and built to JavaScript.
    const file = new URL(`./app/thread${extname(import.meta.url)}`, import.meta.url);
    this.#worker = startWorker(file, { env, name: `cd-push:${setup.module}` });
    this.#worker.postMessage({ setup, port: port2 }, [port2]);
    this.#worker.on('error', (error: unknown) => {
      this.#error = error;
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (exitCode) => {
        this.#end(exitCode);
        resolve();
      });
    });
    port1.on('message', (message: Up) => this.#hear(message));
  }

  /**
   * Rejects with a `ProblemError`: what the thread answered, `crashed` where it ended before it answered or did not answer
   * within the time given.
   */
  async ask<Command extends AppCommand>(
    command: Command,
    payload: AppCommands[Command]['payload'],
    withinMs?: number,
  ): Promise<AppCommands[Command]['value']> {
    if (this.#ended) throw new ProblemError(crashed('The program is not running.'));
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    const order: Order<Command> = { id, command, payload };
    this.#port.postMessage(order, []);
    const timer =
      withinMs === undefined
        ? undefined
        : setTimeout(
            () => reject(new ProblemError(crashed(`The program did not answer within ${withinMs} ms.`))),
            withinMs,
          );
    try {
      return readAnswer[command](await promise);
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** Ends the thread at once, whatever it does. */
  async terminate(): Promise<void> {
    this.#stopping = true;
    await this.#worker.terminate();
    await this.#exited;
  }

  #hear(message: Up): void {
    switch (message.kind) {
      case 'answer':
        this.#waiting.get(message.id)?.resolve(message.value);
        return;
      case 'refusal':
        this.#waiting.get(message.id)?.reject(new ProblemError(message.problem));
        return;
      case 'restart-asked':
        this.#events.restartAsked(message.detail);
        return;
      case 'save-edit':
        void this.#save(message);
        return;
      default:
        message satisfies never;
    }
  }

  async #save({ id, resource, text }: Extract<Up, { kind: 'save-edit' }>): Promise<void> {
    const saved = await this.#events.saved(resource, text);
    // A thread that is gone has nobody left who waits for it.
    await this.ask('edit-settled', { id, saved }).catch(() => undefined);
  }

  #end(exitCode: number): void {
    this.#ended = true;
    this.#port.close();
    const why = this.#stopping ? 'was stopped' : describe(this.#error, exitCode);
    for (const { reject } of this.#waiting.values()) reject(new ProblemError(crashed(`The program ${why}.`)));
    this.#events.ended(this.#stopping ? { kind: 'stopped' } : { kind: 'died', error: this.#error, exitCode });
  }
}

/**
 * With the flags of this process, of which those that hold for all threads anyway (V8's, the title's) are refused for a
 * single one: Node lists them in its error and nowhere else.
 */
const startWorker = (file: URL, options: WorkerOptions): Worker => {
  const start = (flags: readonly string[]): Worker =>
    new Worker(file, { ...options, execArgv: [...flags, resolveFlag] });
  try {
    return start(process.execArgv);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_INVALID_EXEC_ARGV'))
      throw error;
    return start(process.execArgv.filter((flag) => !error.message.includes(flag)));
  }
};

/** How a thread came to its end, for people. */
export const describe = (error: unknown, exitCode: number): string => {
  if (error === undefined) return `ended with exit code ${exitCode}`;
  return `was ended by an error that nobody caught (${error instanceof Error ? error.message : inspect(error)})`;
};

const crashed = (detail: string): Problem => problemOf('crashed', { detail });
