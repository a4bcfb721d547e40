import { isSettled } from '@cd-push/protocol';

import type { Render } from '../screen.ts';
import { fold } from '../talk/fold.ts';
import type { Talk } from '../talk/talk.ts';
import { failureText, isWaitedFor, pushRow, type Way } from './push-row.ts';
import type { RecipientNames } from './recipient-names.ts';
import { shortGuid } from './short-ids.ts';
import type { FollowedPush, LineTrack } from './followed-push.ts';

/** Above this many recipients those where all went well are counted instead of named. */
const namedAtMost = 12;
/** Of those who are away, in one line. */
const awayNamed = 3;

export interface PushLinesOptions {
  readonly talk: Talk;
  readonly names: RecipientNames;
  readonly module: string;
  /** What is pushed, in a few words. */
  readonly what: string;
  /** Last of the live lines, while somebody who is away is waited for. */
  readonly hint?: string;
}

/**
 * One push on the screen: a line that names it, what is under way as live lines, and each recipient's end for good. What
 * is settled is not touched any more, so nothing is told twice and nothing is overwritten.
 */
export class PushLines {
  readonly #push: FollowedPush;
  readonly #options: PushLinesOptions;
  readonly #open = new Map<string, LineTrack>();
  readonly #told = new Set<string>();
  readonly #failures = new Set<string>();
  readonly #telling = new Set<Promise<void>>();
  #hasEnded = false;
  #isLatest = true;
  #away = false;

  constructor(push: FollowedPush, options: PushLinesOptions) {
    this.#push = push;
    this.#options = options;
    const { talk, what } = options;
    talk.say(
      `${talk.paint('bold', `${talk.pen.marks.arrow} ${what}`)}   ${talk.paint('dim', shortGuid(push.pushGuid))}`,
    );
    talk.screen.live(this.#render);
  }

  /** Takes in a change of a recipient's track. */
  show(track: LineTrack): void {
    const { talk, names } = this.#options;
    const { recipient, state } = track;
    if (!isSettled(state)) {
      this.#open.set(recipient, track);
      if (this.#isLatest) talk.screen.refresh();
      return;
    }
    // Whoever has joined a moment ago is asked after before its line is written for good.
    if (names.knows(recipient)) {
      this.#tellEnd(track);
      return;
    }
    const telling = this.#tellLearned(track);
    this.#telling.add(telling);
    void telling.finally(() => this.#telling.delete(telling));
  }

  /** Says at once who of the recipients gets nothing now; those named in the last push need not be named again. */
  tellAway(recipients: readonly string[], known: ReadonlySet<string> = new Set()): void {
    const { talk, names } = this.#options;
    const { marks } = talk.pen;
    const held = recipients.filter((recipient) => names.isHeld(recipient));
    const away = recipients.filter((recipient) => !recipient.includes('#') && !names.isHeld(recipient));
    this.#away = away.length + held.length > 0;
    const isNew = (recipient: string): boolean => !known.has(recipient);
    const returns = away.length === 1 ? 'it returns' : 'they return';
    if (away.some(isNew)) this.#tellUnsent(`${marks.away} ${away.length} away`, away, returns);
    if (held.some(isNew)) this.#tellUnsent(`${marks.held} ${held.length} held`, held, 'the policy is lifted');
  }

  /** Another push takes the live lines over; how this one ends is told with its name. */
  giveWay(): void {
    this.#isLatest = false;
    this.#options.talk.screen.release(this.#render);
  }

  /** Leaves what is still under way as it stands, and is done. */
  async finish(): Promise<void> {
    await Promise.all(this.#telling);
    const { talk, names } = this.#options;
    talk.screen.release(this.#render);
    this.#hasEnded = true;
    const { since } = this.#push;
    for (const track of this.#open.values())
      if (!isWaitedFor(wayOf(track, names)))
        talk.say(pushRow(talk.pen, wayOf(track, names), names, { initTime: since }));
    this.#open.clear();
  }

  /** Tells nothing more. */
  close(): void {
    this.#hasEnded = true;
    this.giveWay();
  }

  #tellUnsent(outcome: string, recipients: readonly string[], when: string): void {
    const { talk, names } = this.#options;
    const shown = recipients.slice(0, awayNamed).map((recipient) => names.nameOf(recipient));
    const more = recipients.length > shown.length ? ` and ${recipients.length - shown.length} more` : '';
    const gets = recipients.length === 1 ? 'gets' : 'get';
    const text = `${outcome.padEnd(13)}${shown.join(', ')}${more}   ${gets} it when ${when}`;
    talk.say(talk.paint('yellow', fold(text, talk.pen.columns).join('\n             ')));
  }

  async #tellLearned(track: LineTrack): Promise<void> {
    await this.#options.names.learn([track.recipient]);
    if (!this.#hasEnded) this.#tellEnd(track);
  }

  #tellEnd(track: LineTrack): void {
    const { talk } = this.#options;
    const { recipient, state, attempt } = track;
    this.#open.delete(recipient);
    const key = `${recipient} ${attempt}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    if (state.stage !== 'completed' || this.#push.tracks.length <= namedAtMost) this.#tellRow(track);
    else if (this.#isLatest) talk.screen.refresh();
    this.#tellCount();
  }

  #tellRow(track: LineTrack): void {
    const { talk, names, what, module } = this.#options;
    const { recipient, state } = track;
    // That a later save has overtaken an earlier one is the course of things.
    if (state.stage === 'superseded' && !this.#isLatest) return;
    const { since, pushGuid } = this.#push;
    const about = this.#isLatest ? undefined : `${what}   ${shortGuid(pushGuid)}`;
    const row = pushRow(talk.pen, wayOf(track, names), names, { initTime: since, about });
    talk.say(
      state.stage === 'failed'
        ? this.#withFailure(row, failureText(talk.pen, state.problem, module, names.factsOf(recipient).kind))
        : row,
    );
  }

  /** The same failure at several recipients is explained at the first. */
  #withFailure(row: string, text: string): string {
    if (this.#failures.has(text)) return `${row}   as above`;
    this.#failures.add(text);
    return `${row}\n${text}`;
  }

  /** Once all have come to their end: at how many of many it went well. */
  #tellCount(): void {
    const { talk } = this.#options;
    const { tracks, since } = this.#push;
    if (tracks.length <= namedAtMost || tracks.some(({ state }) => !isSettled(state))) return;
    const done = tracks.flatMap(({ state }) => (state.stage === 'completed' ? [state.times.completed] : []));
    if (done.length === 0) return;
    const outcome = `${talk.pen.marks.done} ${Math.max(...done) - since} ms`.padEnd(11);
    talk.say(`${talk.paint('green', outcome)}  ${done.length} of ${tracks.length} recipients`);
  }

  readonly #render: Render = ({ columns }) => {
    const { talk, names, hint } = this.#options;
    const { since } = this.#push;
    const open = [...this.#open.values()].filter((track) => !isWaitedFor(wayOf(track, names)));
    const rows = open
      .slice(0, namedAtMost)
      .map((track) => pushRow(talk.pen, wayOf(track, names), names, { initTime: since }));
    const more = open.length > rows.length ? [`             and ${open.length - rows.length} more`] : [];
    const waiting =
      this.#away && open.length === 0 && this.#open.size > 0 && hint !== undefined
        ? fold(hint, columns).map((line) => talk.paint('dim', line))
        : [];
    return [...rows, ...more, ...waiting];
  };
}

const wayOf = ({ recipient, attempt, state }: LineTrack, names: RecipientNames): Way => ({
  isHeld: names.isHeld(recipient),
  recipient,
  attempt,
  stage: state.stage,
  times: state.times,
  problem: state.stage === 'failed' ? state.problem : undefined,
});
