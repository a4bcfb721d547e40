import type { AwaitedStage, Publisher, Push, RecipientTrack } from '@cd-push/client';
import type { Problem, PushAnswer } from '@cd-push/protocol';

import type { Line, LineName } from './open-lines.ts';

/** A recipient's track, and through which relay it is reached. */
export interface LineTrack extends RecipientTrack {
  readonly line: LineName;
}

interface LineRefusal {
  readonly line: LineName;
  readonly problem: Problem;
}

/** What every relay said. */
export interface LineAnswers {
  readonly accepted: readonly { readonly line: LineName; readonly answer: PushAnswer & { status: true } }[];
  readonly refused: readonly LineRefusal[];
}

/**
 * One push over one or both relays, under one guid and as one track: whoever waits, waits for the recipients of all. A
 * relay that knows no recipient does not spoil it for one that does.
 */
export class SyncPush {
  readonly pushGuid: string;
  readonly initTime: number;
  readonly answers: Promise<LineAnswers>;
  readonly #pushes: readonly { readonly line: LineName; readonly push: Push }[];

  constructor(pushes: readonly { readonly line: LineName; readonly push: Push }[]) {
    const [first] = pushes;
    if (first === undefined) throw new TypeError('A push needs a relay.');
    this.#pushes = pushes;
    this.pushGuid = first.push.pushGuid;
    this.initTime = first.push.initTime;
    this.answers = this.#gather();
  }

  /** Sends the same thing over every line. */
  static over(lines: readonly Line[], send: (publisher: Publisher, pushGuid: string) => Push): SyncPush {
    const pushGuid = crypto.randomUUID();
    return new SyncPush(
      lines.map(({ name, publisher }) => ({ line: name, push: send(publisher, pushGuid) })),
    );
  }

  get tracks(): LineTrack[] {
    return this.#pushes.flatMap(({ line, push }) =>
      [...push.tracks.values()].map((track) => ({ ...track, line })),
    );
  }

  /** Calls back with every change of every recipient's track until nothing more can change or the signal says so. */
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

  /** Resolves when every recipient of every accepted push has reached the stage or ended short of it. */
  async settled(stage: AwaitedStage, signal: AbortSignal): Promise<void> {
    const { accepted } = await this.answers;
    const lines = new Set(accepted.map(({ line }) => line));
    await Promise.all(
      this.#pushes.filter(({ line }) => lines.has(line)).map(({ push }) => push.settled(stage, { signal })),
    );
  }

  async #gather(): Promise<LineAnswers> {
    const answers = await Promise.all(
      this.#pushes.map(async ({ line, push }) => ({ line, answer: await push.accepted })),
    );
    const accepted: { line: LineName; answer: PushAnswer & { status: true } }[] = [];
    const refused: LineRefusal[] = [];
    for (const { line, answer } of answers) {
      if (answer.status) accepted.push({ line, answer });
      else refused.push({ line, problem: answer.error });
    }
    return { accepted, refused };
  }
}
