import type { AwaitedStage, Publisher, Push } from '@cd-push/client';
import type { PushAnswer } from '@cd-push/protocol';

import type { AcceptedBy, FollowedPush, LineAnswers, LineRefusal, LineTrack } from './followed-push.ts';
import type { Line, LineName } from './line.ts';

/**
 * One push over one or both relays, under one guid and as one track: whoever waits, waits for the recipients of all. A
 * relay that knows no recipient does not spoil it for one that does.
 */
export class SyncPush implements FollowedPush {
  readonly pushGuid: string;
  readonly initTime: number;
  readonly answers: Promise<LineAnswers>;
  readonly #pushes: readonly { readonly line: LineName; readonly push: Push }[];

  readonly #answers = new Map<LineName, PushAnswer>();

  constructor(pushes: readonly { readonly line: LineName; readonly push: Push }[]) {
    const [first] = pushes;
    if (first === undefined) throw new TypeError('A push needs a relay.');
    this.#pushes = pushes;
    this.pushGuid = first.push.pushGuid;
    this.initTime = first.push.initTime;
    this.answers = this.#gather();
  }

  /** Sends the same thing over every line. */
  static over(
    lines: readonly Line[],
    send: (publisher: Publisher, pushGuid: string, line: LineName) => Push,
  ): SyncPush {
    const pushGuid = crypto.randomUUID();
    return new SyncPush(
      lines.map(({ name, publisher }) => ({ line: name, push: send(publisher, pushGuid, name) })),
    );
  }

  /** Resolves once it is on its way over every line, or has to wait there. */
  async dispatched(): Promise<void> {
    await Promise.all(this.#pushes.map(({ push }) => push.dispatched));
  }

  get answersSoFar(): LineAnswers {
    const accepted: AcceptedBy[] = [];
    const refused: LineRefusal[] = [];
    const unanswered: LineName[] = [];
    for (const { line } of this.#pushes) {
      const answer = this.#answers.get(line);
      if (answer === undefined) unanswered.push(line);
      else if (answer.status)
        accepted.push({ line, recipients: answer.recipients, isDuplicate: answer.duplicate });
      else refused.push({ line, problem: answer.error });
    }
    return { accepted, refused, unanswered };
  }

  get since(): number {
    return this.initTime;
  }

  get tracks(): LineTrack[] {
    return this.#pushes.flatMap(({ line, push }) =>
      [...push.tracks.values()].map((track) => ({ ...track, line })),
    );
  }

  async follow(onChange: (track: LineTrack) => void, signal: AbortSignal): Promise<void> {
    await Promise.all(
      this.#pushes.map(async ({ line, push }) => {
        for await (const track of push) {
          if (signal.aborted) return;
          onChange({ ...track, line });
        }
      }),
    );
  }

  async settled(stage: AwaitedStage, signal: AbortSignal): Promise<void> {
    const { accepted } = await this.answers;
    const lines = new Set(accepted.map(({ line }) => line));
    await Promise.all(
      this.#pushes.filter(({ line }) => lines.has(line)).map(({ push }) => push.settled(stage, { signal })),
    );
  }

  async #gather(): Promise<LineAnswers> {
    await Promise.all(
      this.#pushes.map(async ({ line, push }) => this.#answers.set(line, await push.accepted)),
    );
    return this.answersSoFar;
  }
}
