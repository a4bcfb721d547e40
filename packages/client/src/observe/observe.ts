import {
  isPushAccepted,
  isSyncMetrics,
  isTrackChanges,
  ProblemError,
  problemOf,
  type JournalOffset,
  type Observe,
  type ObserveAnswer,
  type PushView,
  type SyncMetric,
  type TrackChange,
  type TrackChanges,
} from '@cd-push/protocol';

import { pause, waitMsAfter, type Backoff } from '../backoff.ts';
import type { Connection } from '../connection/connection.ts';
import { orAborted } from '../or-aborted.ts';
import { problemFrom } from '../problem-from.ts';

/** What an observer hears. `journal` is where it stands after that. */
export type Observed =
  /**
   * Where it begins, and what is under way: `begun` at the first connection, `resumed` after a break - of the connection,
   * or of the reading - when nothing of what happened meanwhile is left out, `reset` when that could not be told piece by
   * piece and `open` is the whole picture.
   */
  | ({ readonly kind: 'begun' | 'resumed' | 'reset' } & Omit<ObserveAnswer, 'reset'>)
  | { readonly kind: 'accepted'; readonly journal: JournalOffset; readonly push: PushView }
  /** Recipients came to stages. */
  | { readonly kind: 'track'; readonly journal: JournalOffset; readonly changes: readonly TrackChange[] }
  /** How pushes go, by resource and target; not of the journal, so not told of later. */
  | { readonly kind: 'metrics'; readonly at: number; readonly metrics: readonly SyncMetric[] };

export type ObserveFilter = Omit<Observe, 'after'>;

export interface ObserveOptions {
  /** Also what happened after this: the `journal` of something heard earlier, in another process too. */
  readonly after?: JournalOffset | undefined;
  /** Ends the observation. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Tells of pushes and of every change of their tracks: each once, in the order of the journal, over breaks of the
 * connection too. There is one observation on a connection; it ends with it, when iterating stops, or by the signal.
 * What was not read yet is kept up to a bound; past it nothing more is heard until that was read, and then it is gone on
 * from there.
 *
 * @throws ProblemError `forbidden`, and whatever ends the connection.
 */
export async function* observe(
  connection: Connection,
  filter: ObserveFilter = {},
  { after, signal }: ObserveOptions = {},
): AsyncGenerator<Observed, void, undefined> {
  const feed = new ObservationFeed(connection, filter, after);
  try {
    for (;;) {
      const observed = await orAborted(feed.next(), signal);
      yield observed;
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  } finally {
    feed.close();
  }
}

const backoff: Backoff = { firstMs: 200, lastMs: 5_000 };
/** Recipients, changes and metrics that are kept for whoever does not read them: some megabytes. */
const unreadAtMost = 10_000;

class ObservationFeed {
  readonly #connection: Connection;
  readonly #filter: ObserveFilter;
  readonly #forget: (() => void)[];
  readonly #closed = new AbortController();
  readonly #waiting: Observed[] = [];
  /** Weight of what is waiting. */
  #unread = 0;
  #wake: (() => void) | undefined;
  #failure: ProblemError | undefined;
  /** Everything up to here was taken in. */
  #journal: JournalOffset | undefined;
  /** Changes that came with this place: the relay may have told a part of what follows it, and tells that once more. */
  #recent = new Set<string>();
  #state: 'asking' | 'hearing' | 'paused' = 'paused';
  /** What came right behind the answer, which is taken in a little later; undefined where none has come. */
  #early: (() => void)[] | undefined;
  #hasBegun = false;

  constructor(connection: Connection, filter: ObserveFilter, after: JournalOffset | undefined) {
    this.#connection = connection;
    this.#filter = filter;
    this.#journal = after;
    this.#forget = [
      connection.on('push-accepted', (payload) => this.#whenBegun(() => this.#accepted(payload))),
      connection.on('track-changed', (payload) => this.#whenBegun(() => this.#changed(payload))),
      connection.on('sync-metrics', (payload) => this.#whenBegun(() => this.#measured(payload))),
      connection.onStatus((status) => {
        if (status.state === 'ended') this.#fail(new ProblemError(status.problem));
        // While it is paused, the next question is for whoever reads on.
        else if (status.state === 'open' && this.#state === 'hearing') void this.#begin();
      }),
    ];
    void this.#begin();
  }

  /** The next thing that happened. */
  async next(): Promise<Observed> {
    for (;;) {
      const observed = this.#waiting.shift();
      if (observed !== undefined) {
        this.#unread -= weightOf(observed);
        return observed;
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#state === 'paused') void this.#begin();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  close(): void {
    this.#closed.abort();
    for (const forget of this.#forget) forget();
  }

  /** Asks to be told. A question that a broken connection swallowed is asked again on the next one. */
  async #begin(): Promise<void> {
    this.#state = 'asking';
    const { signal } = this.#closed;
    try {
      const answer = await this.#ask(signal);
      const early = this.#early ?? [];
      this.#early = undefined;
      this.#state = 'hearing';
      this.#take(answer);
      for (const hear of early) this.#whenBegun(hear);
    } catch (error) {
      if (!signal.aborted) this.#fail(new ProblemError(problemFrom(error)));
    }
  }

  async #ask(signal: AbortSignal): Promise<ObserveAnswer> {
    for (let failures = 0; ; failures += 1) {
      try {
        const after = this.#journal === undefined ? {} : { after: this.#journal };
        const onAnswer = (): void => {
          this.#early = [];
        };
        return await this.#connection.request('observe', { ...this.#filter, ...after }, { signal, onAnswer });
      } catch (error) {
        this.#early = undefined;
        const problem = problemFrom(error);
        const isOver = signal.aborted || this.#connection.status.state === 'ended' || !problem.retryable;
        if (isOver) throw error;
        await pause(waitMsAfter(backoff, failures, problem.retryAfter), signal);
      }
    }
  }

  #take({ reset, journal, open, auditHeads }: ObserveAnswer): void {
    const kind = reset ? 'reset' : this.#hasBegun ? 'resumed' : 'begun';
    this.#hasBegun = true;
    if (reset) this.#recent.clear();
    this.#journal = journal;
    this.#tell({ kind, journal, open, auditHeads });
  }

  /**
   * The answer comes first on the wire; here it is taken in later than what came with it. What comes before it is of the
   * observation that it takes the place of, and is told again; so is what comes while nothing more can be kept. No message
   * makes the relay fall silent.
   */
  #whenBegun(hear: () => void): void {
    if (this.#state === 'hearing') hear();
    else this.#early?.push(hear);
  }

  #accepted(payload: unknown): void {
    if (!isPushAccepted(payload)) return this.#fail(notUnderstood('push-accepted'));
    const { push } = payload;
    const journal = this.#advance(push.offset);
    if (journal !== undefined) this.#tell({ kind: 'accepted', journal, push });
  }

  #changed(payload: unknown): void {
    if (!isTrackChanges(payload)) return this.#fail(notUnderstood('track-changed'));
    const { offset } = payload;
    const changes = this.#unheard(payload);
    const journal = this.#advance(offset) ?? this.#journal;
    for (const change of changes) this.#recent.add(keyOf(change));
    if (journal !== undefined && changes.length > 0) this.#tell({ kind: 'track', journal, changes });
  }

  #measured(payload: unknown): void {
    if (!isSyncMetrics(payload)) return this.#fail(notUnderstood('sync-metrics'));
    this.#tell({ kind: 'metrics', at: payload.at, metrics: payload.metrics });
  }

  #unheard({ offset, changes }: TrackChanges): readonly TrackChange[] {
    if (this.#journal === undefined || offset < this.#journal.offset) return [];
    return changes.filter((change) => !this.#recent.has(keyOf(change)));
  }

  /** Moves on to a place; undefined where it is none further on. */
  #advance(offset: number): JournalOffset | undefined {
    if (this.#journal === undefined || offset <= this.#journal.offset) return undefined;
    this.#journal = { epoch: this.#journal.epoch, offset };
    this.#recent.clear();
    return this.#journal;
  }

  #tell(observed: Observed): void {
    this.#waiting.push(observed);
    this.#unread += weightOf(observed);
    if (this.#unread > unreadAtMost) this.#state = 'paused';
    this.#wake?.();
  }

  #fail(error: ProblemError): void {
    this.#failure ??= error;
    this.#wake?.();
  }
}

/** How much there is to keep of it; nothing is for free. */
const weightOf = (observed: Observed): number => {
  switch (observed.kind) {
    case 'begun':
    case 'resumed':
    case 'reset':
      return observed.open.reduce((sum, push) => sum + weightOfView(push), 1);
    case 'accepted':
      return weightOfView(observed.push);
    case 'track':
      return 1 + observed.changes.length;
    case 'metrics':
      return 1 + observed.metrics.length;
    default:
      return observed satisfies never;
  }
};

const weightOfView = ({ patches, recipients }: PushView): number => 1 + patches.length + recipients.length;

/** A track comes to a stage of an attempt once. */
const keyOf = ({ pushGuid, recipient, attempt, stage }: TrackChange): string =>
  `${pushGuid} ${recipient} ${attempt} ${stage}`;

/** Passing over it would leave a gap that nobody hears of. */
const notUnderstood = (event: string): ProblemError =>
  new ProblemError(
    problemOf('unsupported-version', { detail: `What the relay tells by ${event} is not understood here.` }),
  );
