import { isSettled } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import type { Render } from '../screen.ts';
import type { LineName } from '../sync/line.ts';
import type { RecipientNames } from '../sync/recipient-names.ts';
import { fold } from '../talk/fold.ts';
import { Pen } from '../talk/pen.ts';
import { Talk } from '../talk/talk.ts';
import type { Beginning, Metrics, Moved, ObserveView } from './observe-view.ts';
import { failureLines, openRow, retryRow, settledRow, trackRow, type RowStyle } from './observe-rows.ts';
import type { ObservedPush } from './observed-push.ts';
import { Overdue } from './overdue.ts';
import { PushCounts } from './push-counts.ts';
import type { RetryTold } from './retrier.ts';
import type { PlannedRetry } from './retry-plan.ts';

export interface TextViewOptions {
  readonly names: RecipientNames;
  /** Subjects of whoever looks. */
  readonly me: ReadonlySet<string>;
  readonly budget: number | undefined;
  /** Whether there is more than one relay to tell apart. */
  readonly isHybrid: boolean;
  readonly open: () => readonly ObservedPush[];
  readonly waiting: () => readonly (PlannedRetry & { readonly push: ObservedPush })[];
}

/** Open pushes that are shown at once. */
const openShown = 8;
const retriesShown = 4;
/** Recipients of one push whose failures are told one by one; those beyond are counted. */
const failuresNamed = 12;
/** Explanations that are remembered so as not to give them twice. */
const failuresRemembered = 500;
/** As wide as an outcome. */
const indent = ' '.repeat(13);
/** What waits is told with the seconds that are left. */
const tickMs = 1_000;

/**
 * What is observed as people read it: every end for good on stdout, and on a terminal what is under way below it. Where
 * all went well a push takes one line.
 */
export class TextView implements ObserveView {
  readonly #context: CliContext;
  readonly #options: TextViewOptions;
  readonly #talk: Talk;
  /** On stdout. */
  readonly #style: RowStyle;
  readonly #counts = new PushCounts();
  readonly #overdue = new Overdue();
  readonly #explained = new Set<string>();
  /** Recipients at which a push failed since it was last over, numbered in their order. */
  readonly #failures = new WeakMap<ObservedPush, Map<string, number>>();
  /** At how many of its recipients a push was last said to have taken effect. */
  readonly #completed = new WeakMap<ObservedPush, number>();
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  readonly #away = new Set<LineName>();

  constructor(context: CliContext, options: TextViewOptions) {
    const { screen, process } = context;
    this.#context = context;
    this.#options = options;
    this.#talk = new Talk(context);
    const { names, me } = options;
    this.#style = { pen: new Pen(process.stdout, process.env), names, me };
    if (!screen.isLive) return;
    screen.live(this.#render);
    this.#timer = setInterval(() => screen.refresh(), tickMs);
  }

  begun({ relay, kind, open }: Beginning): void {
    const relayName = this.#relayName(relay);
    this.#away.delete(relay);
    if (kind === 'begun') {
      const count =
        open.length === 0 ? 'nothing is' : open.length === 1 ? 'one push is' : `${open.length} pushes are`;
      this.#talk.tell(this.#talk.paint('dim', `Observing ${relayName}: ${count} under way. Ctrl-C stops.`));
    } else if (kind === 'reset') {
      this.#talk.warn(`${capital(relayName)} is back, and cannot tell all that happened meanwhile.`);
      this.#talk.next('See the latest pushes: cd-cli history');
    } else this.#talk.say(`${capital(relayName)} is back; what happened meanwhile follows.`);
    this.#context.screen.refresh();
  }

  away(relay: LineName): void {
    if (!this.#away.has(relay))
      this.#talk.warn(
        `${capital(this.#relayName(relay))} is away; what happens there is told when it is back.`,
      );
    this.#away.add(relay);
  }

  accepted(): void {
    this.#context.screen.refresh();
  }

  moved({ push, track, decision }: Moved): void {
    const { stage } = track.state;
    if (isSettled(track.state) && (stage !== 'completed' || track.attempt > 1))
      this.#tellEnd({ push, track, decision });
    this.#context.screen.refresh();
  }

  over(push: ObservedPush): void {
    this.#counts.over(push);
    const { pen } = this.#style;
    const tracks = [...push.tracks.values()];
    const [only] = tracks;
    const more = (this.#failures.get(push)?.size ?? 0) - failuresNamed;
    if (more > 0) this.#print(pen.paint('red', `${pen.marks.failed} and ${more} more failed`));
    this.#failures.delete(push);
    const completed = tracks.filter(({ state }) => state.stage === 'completed').length;
    // Of a single recipient that was told of above there is nothing to add, nor where another attempt changed nothing.
    const isTold = tracks.length === 1 && only?.attempt !== 1;
    if (completed === (this.#completed.get(push) ?? 0) || isTold) return;
    this.#completed.set(push, completed);
    this.#print(settledRow(this.#style, push));
  }

  metrics(relay: LineName, metrics: Metrics): void {
    this.#overdue.take(relay, metrics);
    this.#context.screen.refresh();
  }

  retried(push: ObservedPush, told: RetryTold): void {
    // Of an attempt that was opened its track tells.
    if (told.state === 'opened') return;
    const { recipient } = told.place;
    // That a later push replaced it meanwhile is the course of things.
    const isReplaced = told.problem?.kind === 'stale-version';
    const when = isReplaced ? 'replaced' : 'refused';
    const row = retryRow(this.#style, push, recipient, { when, note: 'not tried again' });
    const why = fold(told.sentence, this.#style.pen.columns, '    ');
    this.#print([row, ...(isReplaced ? [] : why)].join('\n'));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#context.screen.release(this.#render);
    const summary = this.#sums();
    if (summary.length > 0) this.#talk.say(summary.join('\n'));
  }

  #tellEnd(moved: Moved): void {
    const { push, track } = moved;
    if (track.state.stage === 'failed' && !this.#isNamed(push, track.recipient)) return;
    const { why, remedy } = failureLines(this.#style, moved, this.#options.budget);
    // The same failure at several recipients, or in several attempts, is explained at the first.
    const key = why.join('\n');
    const isExplained = key !== '' && this.#explained.has(key);
    if (this.#explained.size >= failuresRemembered) this.#explained.clear();
    this.#explained.add(key);
    const row = trackRow(this.#style, push, track, { isExplained });
    this.#print([row, ...(isExplained ? [] : why), ...remedy].join('\n'));
  }

  /** Whether a recipient's failures are told one by one, those of later attempts included. */
  #isNamed(push: ObservedPush, recipient: string): boolean {
    const failed = this.#failures.get(push) ?? new Map<string, number>();
    const number = failed.get(recipient) ?? failed.size;
    this.#failures.set(push, failed.set(recipient, number));
    return number < failuresNamed;
  }

  #print(text: string): void {
    this.#context.screen.print(`${text}\n`);
  }

  /** How it goes on the whole. */
  #sums(): string[] {
    const { names, open } = this.#options;
    const { pen } = this.#talk;
    return [...this.#counts.lines(pen, open().length), ...this.#overdue.lines(pen, names)];
  }

  #relayName(relay: LineName): string {
    return this.#options.isHybrid ? `the ${relay} relay` : 'the relay';
  }

  readonly #render: Render = () => {
    const { names, me, open, waiting, budget } = this.#options;
    const style: RowStyle = { pen: this.#talk.pen, names, me };
    const pushes = open().toSorted((a, b) => b.initTime - a.initTime);
    const retries = waiting();
    const more = pushes.length - openShown;
    const moreRetries = retries.length - retriesShown;
    return [
      ...pushes.slice(0, openShown).map((push) => openRow(style, push)),
      ...(more > 0 ? [`${indent}and ${more} more under way`] : []),
      ...retries.slice(0, retriesShown).map(({ push, recipient, attempt, dueAt }) =>
        retryRow(style, push, recipient, {
          when: `in ${Math.max(0, Math.ceil((dueAt - Date.now()) / 1000))} s`,
          note: `attempt ${attempt} of ${budget}`,
        }),
      ),
      ...(moreRetries > 0 ? [`${indent}and ${moreRetries} more wait for another attempt`] : []),
      ...this.#sums(),
    ];
  };
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
