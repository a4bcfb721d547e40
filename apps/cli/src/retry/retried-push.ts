import { observe, type AwaitedStage, type Observed } from '@cd-push/client';
import {
  initialized,
  isSettled,
  type EpochMs,
  type Problem,
  type RetryPush,
  type StageTimes,
} from '@cd-push/protocol';

import { ObservedPush, type ObservedTrack } from '../observe/observed-push.ts';
import type { AcceptedBy, FollowedPush, LineAnswers, LineTrack } from '../sync/followed-push.ts';
import type { KnownPush } from '../sync/known-pushes.ts';
import type { Line, LineName } from '../sync/line.ts';

/** A recipient at which no attempt was opened. */
export interface RefusedRetry {
  readonly relay: LineName;
  readonly recipient: string;
  readonly problem: Problem;
}

type Retry = Omit<RetryPush, 'pushGuid' | 'recipients'> & {
  /** At each relay; where it is undefined, all of them. */
  readonly recipientsAt: (known: KnownPush) => string[] | undefined;
};

/** The new attempts of a push at those recipients where the last ones ended without effect. */
export class RetriedPush implements FollowedPush {
  readonly pushGuid: string;
  readonly initTime: EpochMs;
  readonly since: number;
  readonly answersSoFar: LineAnswers;
  readonly answers: Promise<LineAnswers>;
  readonly #accepted: AcceptedBy[] = [];
  readonly #pushes: readonly { readonly line: Line; readonly push: ObservedPush }[];
  /** The attempt that was opened, by relay and recipient. */
  readonly #attempts = new Map<string, number>();
  readonly #moved: LineTrack[] = [];
  readonly #waiting = new Set<() => void>();
  #failure: Error | undefined;

  constructor(pushGuid: string, known: readonly KnownPush[]) {
    this.#pushes = known.map(({ line, view }) => ({ line, push: new ObservedPush(line.name, view) }));
    const [first] = this.#pushes;
    if (first === undefined) throw new TypeError('A push needs a relay.');
    this.pushGuid = pushGuid;
    this.initTime = first.push.initTime;
    this.since = first.line.session.clock.now();
    this.answersSoFar = { accepted: this.#accepted, refused: [], unanswered: [] };
    this.answers = Promise.resolve(this.answersSoFar);
  }

  /** Whether any attempt was opened. */
  get isUnderWay(): boolean {
    return this.#attempts.size > 0;
  }

  /**
   * Asks every relay for other attempts, and follows them until the signal.
   *
   * @throws ProblemError why a relay opens none at all.
   */
  async open({ stages, recipientsAt }: Retry, signal: AbortSignal): Promise<RefusedRetry[]> {
    const refused: RefusedRetry[] = [];
    for (const { line, push } of this.#pushes) {
      const recipients = recipientsAt({ line, view: push.view });
      if (recipients?.length === 0) continue;
      // It is heard before it is asked for, so that nothing is missed.
      const happenings = observe(line.connection, { pushGuid: this.pushGuid }, { signal });
      await happenings.next();
      void this.#hear(line, push, happenings);
      const answer = await line.connection.request(
        'retry-push',
        { pushGuid: this.pushGuid, stages, ...(recipients === undefined ? {} : { recipients }) },
        { signal },
      );
      for (const { recipient, attempt } of answer.attempts)
        this.#attempts.set(keyOf(line.name, recipient), attempt);
      const opened = answer.attempts.map(({ recipient }) => recipient);
      if (opened.length > 0) this.#accepted.push({ line: line.name, recipients: opened, isDuplicate: false });
      refused.push(...answer.refused.map((one) => ({ relay: line.name, ...one })));
    }
    return refused;
  }

  get tracks(): LineTrack[] {
    return this.#pushes.flatMap(({ line: { name }, push }) =>
      [...push.tracks.values()].flatMap((track) => {
        const attempt = this.#attempts.get(keyOf(name, track.recipient));
        if (attempt === undefined) return [];
        // What the relay has opened and not told of yet.
        const state = track.attempt < attempt ? initialized(this.initTime) : track.state;
        return [{ recipient: track.recipient, attempt: Math.max(attempt, track.attempt), state, line: name }];
      }),
    );
  }

  async follow(onChange: (track: LineTrack) => void, signal: AbortSignal): Promise<void> {
    for (let next = 0; !signal.aborted;) {
      for (let track = this.#moved[next]; track !== undefined; track = this.#moved[next]) {
        next += 1;
        const opened = this.#attempts.get(keyOf(track.line, track.recipient));
        if (opened !== undefined && track.attempt >= opened) onChange(track);
      }
      if (this.#failure !== undefined || this.tracks.every(({ state }) => isSettled(state))) return;
      await this.#nextChange();
    }
  }

  async settled(stage: AwaitedStage, signal: AbortSignal): Promise<void> {
    const isThere = ({ state }: LineTrack): boolean => {
      const times: StageTimes = state.times;
      return times[stage] !== undefined || isSettled(state);
    };
    while (!this.tracks.every(isThere)) {
      signal.throwIfAborted();
      if (this.#failure !== undefined) throw this.#failure;
      await this.#nextChange();
    }
  }

  async #hear(
    { name, connection }: Line,
    push: ObservedPush,
    happenings: AsyncIterable<Observed>,
  ): Promise<void> {
    try {
      for await (const happening of happenings) {
        if (happening.kind === 'track')
          this.#move(
            name,
            happening.changes.flatMap((change) => push.take(change) ?? []),
          );
        else if (happening.kind === 'reset') {
          const { push: view } = await connection.request('get-track', { pushGuid: this.pushGuid });
          this.#move(name, push.catchUp(view));
        }
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#wake();
    }
  }

  #move(line: LineName, tracks: readonly ObservedTrack[]): void {
    for (const { recipient, attempt, state } of tracks) this.#moved.push({ recipient, attempt, state, line });
    this.#wake();
  }

  async #nextChange(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    await promise;
    this.#waiting.delete(resolve);
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
  }
}

const keyOf = (line: LineName, recipient: string): string => `${line} ${recipient}`;
