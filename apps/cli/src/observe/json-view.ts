import type { Correction } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import type { LineName } from '../sync/line.ts';
import { namedPush, trackJson } from '../sync/push-json.ts';
import type { RecipientNames } from '../sync/recipient-names.ts';
import { printJson } from '../talk/print-json.ts';
import { commandOf } from '../sync/correction-text.ts';
import type { Beginning, Metrics, Moved, ObserveView } from './observe-view.ts';
import type { ObservedPush, ObservedTrack } from './observed-push.ts';
import type { RetryTold } from './retrier.ts';

/** What is observed as lines of data; README.md documents them. */
export class JsonView implements ObserveView {
  readonly #context: CliContext;
  readonly #names: RecipientNames;
  readonly #budget: number | undefined;

  constructor(context: CliContext, { names, budget }: { names: RecipientNames; budget: number | undefined }) {
    this.#context = context;
    this.#names = names;
    this.#budget = budget;
  }

  begun({ relay, journal, kind, open }: Beginning): void {
    this.#print({ type: 'observing', relay, state: kind, journal, open: open.length });
    for (const push of open) this.accepted(push);
  }

  away(relay: LineName): void {
    this.#print({ type: 'away', relay });
  }

  accepted(push: ObservedPush): void {
    this.#print({ type: 'push', relay: push.relay, ...namedPush(push.view, this.#names) });
  }

  moved({ push, track, decision }: Moved): void {
    const { pushGuid } = push.view;
    this.#print({ type: 'track', pushGuid, ...this.#trackJson(push, track) });
    if (decision === undefined || decision.kind === 'left') return;
    const about = { type: 'retry', relay: push.relay, pushGuid, recipient: track.recipient };
    if (decision.kind === 'waiting') {
      const { attempt, inMs } = decision;
      this.#print({ ...about, state: 'waiting', attempt, budget: this.#budget, inMs });
    } else this.#print({ ...about, state: 'spent', attempts: decision.attempts, budget: this.#budget });
  }

  over(push: ObservedPush): void {
    const { outcome, commTrack } = push.progress;
    this.#print({
      type: 'settled',
      relay: push.relay,
      pushGuid: push.view.pushGuid,
      outcome,
      commTrack,
      recipients: [...push.tracks.values()].map((track) => this.#trackJson(push, track)),
    });
  }

  metrics(relay: LineName, { at, metrics }: Metrics): void {
    this.#print({ type: 'metrics', relay, at, metrics });
  }

  retried({ relay, view: { pushGuid } }: ObservedPush, told: RetryTold): void {
    const { recipient } = told.place;
    const about = { type: 'retry', relay, pushGuid, recipient, state: told.state };
    if (told.state === 'opened') this.#print({ ...about, attempt: told.attempt, budget: this.#budget });
    else {
      const { sentence: message, problem } = told;
      this.#print({ ...about, message, ...(problem === undefined ? {} : { problem }) });
    }
  }

  close(): void {
    // There is nothing that stands until the end.
  }

  #trackJson(push: ObservedPush, track: ObservedTrack) {
    const { problem, correction, at } = track;
    const next = correction && this.#nextOf(correction, push, track.recipient);
    return {
      ...trackJson({ ...track, line: push.relay }, this.#names),
      at,
      ...(problem === undefined ? {} : { problem }),
      ...(correction === undefined ? {} : { correction }),
      ...(next === undefined ? {} : { next }),
    };
  }

  #nextOf(correction: Correction, { view }: ObservedPush, recipient: string): string | undefined {
    return commandOf(correction, view, { guid: view.pushGuid, recipient });
  }

  #print(value: unknown): void {
    printJson(this.#context, value);
  }
}
