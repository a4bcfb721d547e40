import { setTimeout as pause } from 'node:timers/promises';

import type { PushView } from '@cd-push/protocol';

import { credentialOf } from '../checker/history-view.ts';
import { machineMs } from '../history/history-writer.ts';
import type { Operator } from '../participants/operator.ts';
import type { Cluster } from './cluster.ts';
import type { Progress } from './progress.ts';

/** Longest that is waited for something that comes about by itself; what has not come about by then is for the checker. */
const patienceMs = 120_000;
const roundPatienceMs = 60_000;
const lookEveryMs = 50;
/** Questions at a time. */
const atOnce = 8;
/** How often a push is tried again where it failed because a program was killed. */
const retries = 5;

/** Waits until what was accepted has come to its end everywhere. */
export class Quiescence {
  readonly #cluster: Cluster;
  readonly #operator: Operator;
  readonly #progress: Progress;
  readonly #signal: AbortSignal;
  /** Pushes that failed somewhere, with how often they were tried again. */
  readonly #failed = new Map<string, number>();

  constructor(cluster: Cluster, operator: Operator, progress: Progress, signal: AbortSignal) {
    this.#cluster = cluster;
    this.#operator = operator;
    this.#progress = progress;
    this.#signal = signal;
  }

  /** Resolves once every runtime was let in. */
  async untilJoined(): Promise<void> {
    const wanted = this.#cluster.roster.runtimes;
    if (!(await this.#until(() => wanted.every((name) => this.#progress.joined.has(name)), patienceMs)))
      throw new Error('Not every runtime has joined.');
  }

  /** Resolves once everything that was accepted before this call has come to its end everywhere, or false after a while. */
  async untilConverged(): Promise<boolean> {
    const since = machineMs();
    const giveUpAt = since + roundPatienceMs;
    for (;;) {
      const open = [...this.#progress.open].filter(([, acceptedAt]) => acceptedAt < since);
      if (open.length === 0) return true;
      if (machineMs() > giveUpAt) return false;
      await this.#look(open.map(([push]) => push));
      await pause(lookEveryMs, undefined, { signal: this.#signal });
    }
  }

  /** Lets senders send what is left, has what failed tried again, and asks every program what it holds. */
  async untilSettled(tell: { line(text: string): void }): Promise<void> {
    const progress = this.#progress;
    const { senders } = this.#cluster.roster;
    const isDrained = (name: string): boolean => progress.drained.has(name);
    const haveDrained = (): boolean => {
      // Said as often as it takes: one may just be starting.
      for (const name of senders) if (!isDrained(name)) this.#cluster.process(name).say('drain');
      return senders.every(isDrained);
    };
    if (!(await this.#until(haveDrained, patienceMs)))
      tell.line('not every sender could send what it had to');
    const giveUpAt = machineMs() + patienceMs;
    for (;;) {
      await this.#look([...progress.open.keys()]);
      const again = [...this.#failed].filter(([, times]) => times < retries);
      if (progress.open.size === 0 && again.length === 0) break;
      if (machineMs() > giveUpAt) {
        tell.line(`${progress.open.size} pushes have not come to their end`);
        break;
      }
      for (const [push, times] of again) {
        this.#failed.set(push, times + 1);
        await this.#operator.retry(push, this.#signal);
        progress.open.set(push, machineMs());
      }
      await pause(lookEveryMs, undefined, { signal: this.#signal });
    }
    for (const push of progress.doubtful) await this.#operator.read(push, this.#signal);
    await this.#operator.askForState(AbortSignal.any([this.#signal, AbortSignal.timeout(patienceMs)]));
  }

  /** Asks where pushes stand; those that have come to their end are no longer open. */
  async #look(pushes: readonly string[]): Promise<void> {
    const queue = pushes[Symbol.iterator]();
    const work = async (): Promise<void> => {
      for (const push of queue) {
        const view = await this.#operator.read(push, this.#signal);
        const tracks = view === undefined ? [] : this.#promised(view);
        if (tracks.every(isOver)) this.#progress.open.delete(push);
        if (tracks.some(({ stage }) => stage === 'failed')) {
          if (!this.#failed.has(push)) this.#failed.set(push, 0);
        } else this.#failed.delete(push);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  }

  /** Tracks of those to whom something is promised: a hostile one says what it likes. */
  #promised({ recipients }: PushView): PushView['recipients'] {
    const credentials = new Set([...this.#progress.joined.values()].map(credentialOf));
    return recipients.filter(({ recipient }) => credentials.has(credentialOf(recipient)));
  }

  async #until(holds: () => boolean, withinMs: number): Promise<boolean> {
    const giveUpAt = machineMs() + withinMs;
    while (!holds()) {
      if (machineMs() > giveUpAt) return false;
      await pause(lookEveryMs, undefined, { signal: this.#signal });
    }
    return true;
  }
}

const isOver = ({ stage }: PushView['recipients'][number]): boolean =>
  stage === 'completed' || stage === 'failed' || stage === 'expired' || stage === 'superseded';
