import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

import type { PatchInput } from '@cd-push/client';
import { ProblemError, type Problem, type Target } from '@cd-push/protocol';

import type { DueSave, LineMerges } from '../merge/line-merges.ts';
import type { MergeTeller } from '../merge/merge-teller.ts';
import type { Settings } from '../settings/load-settings.ts';
import type { LineRefusal } from '../sync/followed-push.ts';
import type { Line } from '../sync/line.ts';
import { SyncPush } from '../sync/sync-push.ts';
import { explain } from '../talk/explain.ts';
import type { PushReporter } from './push-reporter.ts';

/** A relay, and what is known here of what is behind it. */
export interface MergingLine {
  readonly line: Line;
  readonly merges: LineMerges;
}

export interface SaveSenderOptions {
  readonly lines: readonly MergingLine[];
  readonly settings: Settings;
  readonly targets: readonly Target[];
  readonly reporter: PushReporter;
  readonly teller: MergeTeller;
  readonly signal: AbortSignal;
}

/** In which somebody else was faster each time; after them it is told as a refusal. */
const mergesAtMost = 20;

/** Sends saves, one push at a time, merged with what others pushed first where that is so. */
export class SaveSender {
  /** Of this process's pushes: what others push is told of, and these are not. */
  readonly own = new Set<string>();
  readonly #options: SaveSenderOptions;

  constructor(options: SaveSenderOptions) {
    this.#options = options;
  }

  /**
   * Sends one push, and waits until every relay has it or people have to settle something first. One that could not even be
   * kept is made anew.
   */
  async send(patches: readonly PatchInput[], initTime: number): Promise<void> {
    const { lines, signal } = this.#options;
    let due: ReadonlyMap<MergingLine, readonly DueSave[]> = new Map();
    for (const one of lines)
      due = withDue(due, one, await this.#patiently(one, () => one.merges.prepare(patches)));
    for (let merges = 0; due.size > 0 && !signal.aborted;) {
      const { owed, overtaken } = await this.#push(due, initTime, merges < mergesAtMost);
      const waitMs = Math.max(0, ...owed.map(({ problem }) => (problem.retryAfter ?? 1) * 1000));
      if (owed.length > 0) await delay(waitMs, undefined, { signal }).catch(() => undefined);
      let next: ReadonlyMap<MergingLine, readonly DueSave[]> = new Map();
      for (const [one, saves] of due) {
        if (owed.some(({ line }) => line === one.line.name)) next = withDue(next, one, saves);
        else if (overtaken.some(({ line }) => line === one.line.name))
          next = withDue(next, one, await this.#patiently(one, () => one.merges.merge(patches)));
      }
      merges += 1;
      due = next;
    }
  }

  /** Whatever is asked of a relay that goes away meanwhile is asked again when it is back. */
  async #patiently<Value>({ line }: MergingLine, step: () => Promise<Value>): Promise<Value | undefined> {
    const { signal, teller } = this.#options;
    while (!signal.aborted) {
      try {
        return await step();
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!(error instanceof ProblemError) || line.connection.status.state === 'ended') throw error;
        if (!error.problem.retryable) {
          teller.failed(explain(error).sentence);
          return undefined;
        }
        const waitMs = (error.problem.retryAfter ?? 1) * 1000;
        await delay(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
    return undefined;
  }

  async #push(
    due: ReadonlyMap<MergingLine, readonly DueSave[]>,
    initTime: number,
    mayMerge: boolean,
  ): Promise<{ readonly owed: readonly LineRefusal[]; readonly overtaken: readonly LineRefusal[] }> {
    const { settings, targets, reporter } = this.#options;
    const { environment, syncTrigger: trigger, syncSilent: silent } = settings;
    const byName = new Map([...due].map(([{ line }, saves]) => [line.name, saves.map(({ patch }) => patch)]));
    const push = SyncPush.over(
      [...due.keys()].map(({ line }) => line),
      (publisher, pushGuid, name) =>
        publisher.push({
          environment,
          targets,
          trigger,
          silent,
          patches: byName.get(name) ?? [],
          initTime,
          pushGuid,
        }),
    );
    this.own.add(push.pushGuid);
    await nextTurn();
    // It is on its way to the relay and to the disk: what is noted meanwhile takes no time of its own.
    for (const [{ merges }, saves] of due) merges.sent(saves);
    await push.dispatched();
    // Writing to a terminal or a pipe blocks: what was saved is on its way before anyone is told.
    await nextTurn();
    const [first = []] = byName.values();
    reporter.report(push, first, (problem) => mayMerge && isOvertaken(problem));
    // What becomes of it at the recipients is not waited for.
    const answers = await orAborted(push.answers, this.#options.signal);
    // What no relay has answered yet is in the outbox.
    if (answers === undefined) return { owed: [], overtaken: [] };
    const { accepted, refused } = answers;
    for (const [{ line, merges }, saves] of due)
      if (accepted.some(({ line: by }) => by === line.name)) await merges.accepted(saves);
    return {
      owed: refused.filter(({ problem }) => problem.retryable),
      overtaken: mayMerge ? refused.filter(({ problem }) => isOvertaken(problem)) : [],
    };
  }
}

/** Whether somebody else was faster; or the relay has another history than is known here, as after it was set up anew. */
const isOvertaken = ({ kind, path = '' }: Problem): boolean =>
  (kind === 'conflict' && path.startsWith('/pushData/statement/patches')) ||
  kind === 'missing-object' ||
  kind === 'bad-frame';

const withDue = (
  due: ReadonlyMap<MergingLine, readonly DueSave[]>,
  one: MergingLine,
  saves: readonly DueSave[] | undefined,
): ReadonlyMap<MergingLine, readonly DueSave[]> =>
  saves === undefined || saves.length === 0 ? due : new Map([...due, [one, saves]]);

/** Undefined where the signal says that nobody waits any more. */
const orAborted = async <Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value | undefined> => {
  if (signal.aborted) return undefined;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const stop = (): void => resolve(undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([value, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
};
