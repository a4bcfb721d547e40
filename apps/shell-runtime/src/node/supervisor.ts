import { problemOf, ProblemError, type Problem } from '@cd-push/protocol';

import type { Appliers } from '../components/applicable.ts';
import type { Staged } from '../components/component.ts';
import type { SavedEdit } from '../edits/saved-edit.ts';
import type { Change } from '../line/push.ts';
import type { Applied, LeftData, Told } from './app/messages.ts';
import { describe, type AppThread, type ThreadEnd, type ThreadEvents } from './app-thread.ts';
import type { Standing } from './contents/standing.ts';
import { settlesWithin } from './settles-within.ts';

/** What the owner of a runtime hears about its program. */
export type ProgramEvent =
  | { readonly kind: 'started' }
  /** The program runs no more, or did not start; it is tried again after that time. */
  | { readonly kind: 'restarting'; readonly problem: Problem; readonly inMs: number }
  /** The entry threw; the thread waits for a push that repairs it. */
  | { readonly kind: 'start-failed'; readonly problem: Problem }
  | { readonly kind: 'handed-over'; readonly reason: string }
  | { readonly kind: 'handover-failed'; readonly problem: Problem };

export interface SupervisorLimits {
  /** Milliseconds for a push to be answered, after which the thread is ended: 2 s less what a fresh start takes. */
  readonly applyMs: number;
  /** Milliseconds for a thread to get ready without evaluating anything. */
  readonly prepareMs: number;
  /** Milliseconds for the first stretch of a start that does not give the event loop back. */
  readonly startMs: number;
  /** Milliseconds for the old program to dispose of itself before a fresh one takes its place. */
  readonly releaseMs: number;
  /** Milliseconds for the fresh program of a handover to start. */
  readonly handoverMs: number;
  /** Milliseconds without a turn of the program's event loop after which it is taken to hang. */
  readonly hangMs: number;
  readonly firstBackoffMs: number;
  readonly lastBackoffMs: number;
}

export const defaultSupervisorLimits: SupervisorLimits = {
  applyMs: 1_500,
  prepareMs: 30_000,
  startMs: 5_000,
  releaseMs: 1_000,
  handoverMs: 10_000,
  hangMs: 30_000,
  firstBackoffMs: 100,
  lastBackoffMs: 30_000,
};

export interface SupervisorPorts {
  readonly limits: SupervisorLimits;
  /** A thread that would run what stands; nothing is evaluated before it is asked to. */
  readonly thread: (standing: Standing, events: ThreadEvents) => Promise<AppThread>;
  readonly event: (event: ProgramEvent) => void;
  /** Takes an edit of the program's to whoever develops it. */
  readonly save: (resource: string, text: string) => Promise<SavedEdit>;
}

type State =
  | { readonly is: 'down' }
  | { readonly is: 'waiting'; readonly timer: NodeJS.Timeout }
  /** `ready` resolves once its entry has been evaluated: to the problem that it ended with, or null. */
  | { readonly is: 'up'; readonly thread: AppThread; readonly ready: Promise<Problem | null> }
  | { readonly is: 'stopped' };

/** Fresh starts of this kind come no faster, or a module that gives itself up at once would never let go. */
const handoverPauseMs = 10_000;
/** A program that ran for so long has recovered: the next restart is a first one again. */
const recoveredMs = 60_000;

/**
 * Keeps one app thread running what stands, and puts a fresh one in its place where nothing else helps: it hangs, it died,
 * it has kept too much code, or a change can only be taken in by a start.
 */
export class Supervisor implements Appliers {
  readonly #ports: SupervisorPorts;
  readonly #watchdog: NodeJS.Timeout;
  #standing: Standing;
  #state: State = { is: 'down' };
  #retainedBytes = 0;
  #restarts = 0;
  #startedAt = 0;
  #handedOverAt = Number.NEGATIVE_INFINITY;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(standing: Standing, ports: SupervisorPorts) {
    this.#standing = standing;
    this.#ports = ports;
    this.#watchdog = setInterval(() => void this.#lookAfter(), ports.limits.hangMs / 3);
    this.#watchdog.unref();
  }

  /** Bytes of code that the thread keeps and no platform can unload. */
  get retainedBytes(): number {
    return this.#retainedBytes;
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** Resolves when the entry was evaluated, to the problem with which that ended; it is tried again where that can help. */
  async start(): Promise<Problem | null> {
    const { ready } = await this.#alone(() => this.#launch());
    return ready;
  }

  /** Starts again at once, with something else. */
  async restartWith(standing: Standing): Promise<void> {
    await this.#alone(async () => {
      this.#standing = standing;
      await this.#revive();
    });
  }

  /** One part: the thread applies all of a push or nothing. */
  async stage(changes: readonly Change[]): Promise<readonly Staged[]> {
    return [{ apply: () => this.#alone(() => this.#apply(changes)), restore: () => undefined }];
  }

  /** Runs an operation that the program registered. Rejects with a `ProblemError` where it cannot or fails. */
  async execute(name: string, args: unknown): Promise<void> {
    if (this.#state.is !== 'up') throw new ProblemError(notRunning);
    await this.#state.thread.ask('operate', { name, args });
  }

  /** Tells those who listen in the program, if it runs. Rejects with a `ProblemError` where it may not have heard. */
  async tell(told: Told): Promise<void> {
    if (this.#state.is === 'up') await this.#state.thread.ask('tell', told, this.#ports.limits.hangMs);
  }

  /** Lets the program dispose of itself, and ends it. */
  async stop(): Promise<void> {
    clearInterval(this.#watchdog);
    await this.#alone(async () => {
      const state = this.#become({ is: 'stopped' });
      if (state.is !== 'up') return;
      await state.thread.ask('release', null, this.#ports.limits.releaseMs).catch(() => undefined);
      await state.thread.terminate();
    });
  }

  async #apply(changes: readonly Change[]): Promise<void> {
    const { applyMs } = this.#ports.limits;
    const next = this.#standing.with(changes);
    const state = this.#state;
    if (state.is === 'stopped') throw new ProblemError(notRunning);
    // A start that was given up while it was waited for has left no thread to ask.
    if (state.is !== 'up' || !(await settlesWithin(state.ready, applyMs)) || this.#state !== state)
      return this.#startAnew(next);
    let applied: Applied;
    try {
      applied = await state.thread.ask('apply', changes, applyMs);
    } catch (error) {
      await this.#revive();
      throw error;
    }
    switch (applied.outcome) {
      case 'applied':
        this.#standing = next;
        this.#retainedBytes = applied.retained.bytes;
        if (applied.retained.restartAsked) this.#handOverSoon('The program has kept too much replaced code.');
        return;
      case 'unaccepted':
        return this.#handOver(state.thread, next, 'No module accepts the change.', applyMs);
      case 'failed':
        if (!applied.restored) await this.#revive();
        throw new ProblemError(applied.problem);
      default:
        applied satisfies never;
    }
  }

  /** Nothing runs that could take the change in; perhaps it is what lets the program run. */
  async #startAnew(next: Standing): Promise<void> {
    const former = this.#become({ is: 'down' });
    if (former.is === 'up') await former.thread.terminate();
    let fresh: AppThread | undefined;
    try {
      fresh = await this.#fresh(next);
      const problem = await fresh.ask('run', {}, this.#ports.limits.applyMs);
      if (problem !== null) throw new ProblemError(problem);
    } catch (error) {
      await fresh?.terminate();
      await this.#launch();
      throw error;
    }
    this.#standing = next;
    this.#become({ is: 'up', thread: fresh, ready: Promise.resolve(null) });
    this.#ports.event({ kind: 'started' });
  }

  /**
   * Start the new, then stop the old: the fresh thread has loaded everything before the old program disposes of itself, so
   * that only the evaluation lies between them. The old thread is ended before that, which frees its ports whether or not
   * the program gives them up; if the fresh one fails, another goes on from what the old one left.
   */
  async #handOver(old: AppThread, next: Standing, reason: string, runMs: number): Promise<void> {
    const fresh = await this.#fresh(next);
    this.#handedOverAt = performance.now();
    this.#become({ is: 'down' });
    const left = await old.ask('release', null, this.#ports.limits.releaseMs).catch(() => ({}));
    await old.terminate();
    try {
      const problem = await fresh.ask('run', left, runMs);
      if (problem !== null) throw new ProblemError(problem);
    } catch (error) {
      await fresh.terminate();
      await this.#revive(left);
      throw error;
    }
    this.#standing = next;
    this.#become({ is: 'up', thread: fresh, ready: Promise.resolve(null) });
    this.#ports.event({ kind: 'handed-over', reason });
  }

  /** Between pushes: those that are waiting come first. */
  #handOverSoon(reason: string): void {
    void this.#alone(async () => {
      if (this.#state.is !== 'up' || performance.now() - this.#handedOverAt < handoverPauseMs) return;
      try {
        await this.#handOver(this.#state.thread, this.#standing, reason, this.#ports.limits.handoverMs);
      } catch (error) {
        this.#ports.event({ kind: 'handover-failed', problem: problemFrom(error) });
      }
    });
  }

  /** What runs is of no use any more: a fresh thread with what stood before, at once. */
  async #revive(left: LeftData = {}): Promise<void> {
    const state = this.#become({ is: 'down' });
    if (state.is === 'up') await state.thread.terminate();
    await this.#launch(left);
    if (this.#state.is === 'up') await settlesWithin(this.#state.ready, this.#ports.limits.applyMs);
  }

  async #launch(left: LeftData = {}): Promise<{ readonly ready: Promise<Problem | null> }> {
    try {
      const thread = await this.#fresh(this.#standing);
      const ready = this.#run(thread, left);
      this.#become({ is: 'up', thread, ready });
      return { ready };
    } catch (error) {
      const problem = problemFrom(error);
      this.#retryLater(problem);
      return { ready: Promise.resolve(problem) };
    }
  }

  async #run(thread: AppThread, left: LeftData): Promise<Problem | null> {
    try {
      const running = thread.ask('run', left);
      running.catch(() => undefined);
      // Answered after the evaluation's first stretch; the rest of it may wait for whatever it likes.
      await thread.ask('ping', null, this.#ports.limits.startMs);
      const problem = await running;
      this.#startedAt = performance.now();
      this.#ports.event(problem === null ? { kind: 'started' } : { kind: 'start-failed', problem });
      return problem;
    } catch (error) {
      // A thread that died is dealt with by `#ended`; one that hangs has to be ended.
      if (this.#isCurrent(thread)) this.#retryLater(problemFrom(error));
      await thread.terminate();
      return problemFrom(error);
    }
  }

  async #fresh(standing: Standing): Promise<AppThread> {
    const thread: AppThread = await this.#ports.thread(standing, {
      saved: (resource, text) => this.#ports.save(resource, text),
      restartAsked: (detail) => {
        if (this.#isCurrent(thread)) this.#handOverSoon(detail);
      },
      ended: (end) => this.#ended(thread, end),
    });
    try {
      await thread.ask('prepare', null, this.#ports.limits.prepareMs);
    } catch (error) {
      await thread.terminate();
      throw error;
    }
    return thread;
  }

  #ended(thread: AppThread, end: ThreadEnd): void {
    if (end.kind === 'stopped' || !this.#isCurrent(thread)) return;
    this.#retryLater(problemOf('crashed', { detail: `The program ${describe(end.error, end.exitCode)}.` }));
  }

  #retryLater(problem: Problem): void {
    if (this.#state.is === 'stopped') return;
    const { firstBackoffMs, lastBackoffMs } = this.#ports.limits;
    if (performance.now() - this.#startedAt > recoveredMs) this.#restarts = 0;
    const inMs = Math.min(lastBackoffMs, firstBackoffMs * 2 ** this.#restarts);
    this.#restarts += 1;
    const retry = (): Promise<void> =>
      this.#alone(async () => {
        if (this.#state.is === 'waiting') await this.#launch();
      });
    this.#become({ is: 'waiting', timer: setTimeout(() => void retry(), inMs) });
    this.#ports.event({ kind: 'restarting', problem, inMs });
  }

  /** A program that hangs without any push. */
  async #lookAfter(): Promise<void> {
    const { hangMs } = this.#ports.limits;
    const state = this.#state;
    if (state.is !== 'up') return;
    try {
      await state.thread.ask('ping', null, hangMs);
    } catch {
      if (this.#state !== state) return;
      this.#retryLater(
        problemOf('crashed', { detail: `The program’s event loop stood still for ${hangMs / 1000} s.` }),
      );
      await state.thread.terminate();
    }
  }

  #isCurrent(thread: AppThread): boolean {
    return this.#state.is === 'up' && this.#state.thread === thread;
  }

  #become(state: State): State {
    const former = this.#state;
    if (former.is === 'waiting') clearTimeout(former.timer);
    this.#retainedBytes = 0;
    this.#state = state;
    return former;
  }

  #alone<Value>(work: () => Promise<Value>): Promise<Value> {
    const run = this.#tail.then(work);
    this.#tail = run.catch(() => undefined);
    return run;
  }
}

const problemFrom = (error: unknown): Problem =>
  error instanceof ProblemError
    ? error.problem
    : problemOf('crashed', { detail: error instanceof Error ? error.message : String(error) });

const notRunning = problemOf('unavailable', { detail: 'The program does not run here now.' });
