import type { EditSettled, Problem } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { nextJson } from '../talk/next-json.ts';
import { printJson } from '../talk/print-json.ts';
import { printable } from '../printable.ts';
import type { Line } from '../sync/line.ts';
import type { Talk } from '../talk/talk.ts';
import type { ConflictTexts } from './conflict-texts.ts';
import { conflictLines } from './conflict-texts.ts';
import type { InPlace } from './in-place.ts';
import type { OpenConflict } from './working-copy.ts';

export interface MergeTellerOptions {
  readonly talk: Talk;
  readonly json: boolean;
  readonly module: string;
  /** Whoever is signed in there is called "you": they push from elsewhere, too. */
  readonly lines: readonly Pick<Line, 'session'>[];
  /** Whether what is merged is what somebody has settled. */
  readonly settles?: boolean;
}

/** Says what becomes of what others push while somebody works on the same files. */
export class MergeTeller {
  readonly #context: CliContext;
  readonly #talk: Talk;
  readonly #json: boolean;
  readonly #module: string;
  readonly #own: ReadonlySet<string>;
  readonly #settles: boolean;
  #isHinted = false;

  constructor(context: CliContext, options: MergeTellerOptions) {
    this.#context = context;
    this.#talk = options.talk;
    this.#json = options.json;
    this.#module = options.module;
    this.#own = new Set(options.lines.map(({ session }) => session.account.user.subject));
    this.#settles = options.settles ?? false;
  }

  /** A save and what was in place were pushed as one. */
  merged(resource: string, inPlace: InPlace, isWritten: boolean): void {
    this.#data({ type: 'merged', resource, ...inPlace, isWritten });
    const { marks } = this.#talk.pen;
    if (this.#settles) {
      const there = isWritten ? 'the file here and what is pushed say it now' : 'what is pushed says it now';
      this.#line('green', `${marks.done} settled`, resource, there);
      return;
    }
    const there = isWritten ? '; the file here has both' : '';
    this.#line('green', `${marks.done} merged`, resource, `with ${this.#what(inPlace)}${there}`);
    if (!isWritten) this.#hint();
  }

  /** What others did was done to the file here. */
  takenIn(resource: string, inPlace: InPlace, isGone: boolean): void {
    this.#data({ type: 'taken-in', resource, ...inPlace, isGone });
    const taken = isGone
      ? `${this.#did(inPlace)}; ${inPlace.to === undefined ? 'the file here is deleted, too' : 'so it is here'}`
      : this.#what(inPlace);
    this.#line('green', `${this.#talk.pen.marks.done} taken in`, resource, taken);
  }

  /** What was saved here is pushed under a name that others have given up meanwhile. */
  anew(resource: string, inPlace: InPlace): void {
    this.#data({ type: 'anew', resource, ...inPlace });
    this.#line(
      'yellow',
      `${this.#talk.pen.marks.away} anew`,
      resource,
      `${this.#did(inPlace)}; what you saved is pushed under the old name`,
    );
  }

  /** Others pushed, and the file here stays as it is. */
  behind(resource: string, inPlace: InPlace): void {
    this.#data({ type: 'behind', resource, ...inPlace });
    const next = nextSave(inPlace);
    this.#line('yellow', `${this.#talk.pen.marks.away} behind`, resource, `${this.#did(inPlace)}; ${next}`);
    // What was there before the first version nobody here knows, so that nothing could be written.
    if (inPlace.backTo !== null) this.#hint();
  }

  /** Nobody knows what these are based on. */
  unknown(count: number): void {
    if (count === 0) return;
    const files = count === 1 ? '1 file here is' : `${count} files here are`;
    this.#talk.tell(
      this.#talk.paint(
        'dim',
        `${files} other than what was pushed last, and no version of it is known that they were made of. What you save takes its place.`,
      ),
    );
  }

  conflict(
    conflict: OpenConflict,
    inPlace: InPlace,
    { pieces }: ConflictTexts,
    fault: string | undefined,
  ): void {
    const { resource, together } = conflict;
    const lines = pieces === undefined ? [] : conflictLines(pieces);
    const next = `Nothing was pushed, and both texts are kept.\nSee and settle it: cd-cli resolve ${this.#path(resource)}`;
    this.#data({ type: 'conflict', resource, ...inPlace, lines, together, ...nextJson(next) });
    const where =
      lines.length === 0
        ? ''
        : `: line ${lines.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(', ')}`;
    this.#line(
      'red',
      `${this.#talk.pen.marks.failed} conflict`,
      resource,
      `with ${this.#what(inPlace)}${where}`,
    );
    if (fault !== undefined) this.#talk.tell(`Together they make no sense: ${printable(fault)}`);
    if (together.length > 0) {
      const files = together.length === 1 ? 'The file' : `The ${together.length} files`;
      this.#talk.tell(
        `${files} saved with it waits for that: ${together.map((one) => this.#path(one)).join(', ')}`,
      );
    }
    this.#talk.next(next);
  }

  /** Why what others pushed was not written into the file. */
  notWritten(resource: string, why: 'changed' | 'outside'): void {
    this.#data({ type: 'not-written', resource, why });
    if (why === 'changed') return;
    this.#talk.warn(
      `${this.#path(resource)} is not written to: it lies outside of the project, or is no file of it.`,
    );
  }

  /** What was edited where it runs was taken into the file here, or not. */
  edited(resource: string, outcome: EditSettled['outcome'], problem: Problem | undefined): void {
    this.#data({ type: 'edited', resource, outcome, ...(problem === undefined ? {} : { problem }) });
    const { marks } = this.#talk.pen;
    const why = printable(problem?.detail ?? problem?.title ?? '');
    switch (outcome) {
      case 'merged':
        this.#line('green', `${marks.done} edited`, resource, 'where it runs; the file here says it now');
        return;
      case 'conflict':
        this.#line('red', `${marks.failed} conflict`, resource, `with what was edited where it runs. ${why}`);
        return;
      case 'refused':
        this.#line('red', `${marks.failed} refused`, resource, `what was edited where it runs. ${why}`);
        return;
      default:
        outcome satisfies never;
    }
  }

  /** What others pushed could not be read. */
  failed(sentence: string): void {
    this.#talk.warn(`What others pushed cannot be taken in now: ${sentence}`);
  }

  /** What was edited where it runs could not be taken in; it waits. */
  editsFailed(sentence: string): void {
    this.#talk.warn(`What is edited in pages is not taken in now: ${sentence}`);
  }

  #hint(): void {
    if (this.#isHinted) return;
    this.#isHinted = true;
    this.#talk.next('What others push is written into the files here by\ncd-cli watch --accept-edits');
  }

  #line(colour: 'green' | 'yellow' | 'red', label: string, resource: string, what: string): void {
    const { pen } = this.#talk;
    this.#talk.say(
      `${pen.paint(colour, label.padEnd(11))}  ${pen.paint('bold', this.#path(resource))}   ${what}`,
    );
  }

  #who({ by }: InPlace): string {
    if (by === undefined) return 'somebody';
    return this.#own.has(by) ? 'you' : printable(by);
  }

  /** What somebody did to a file. */
  #did(inPlace: InPlace): string {
    const { backTo, change, to } = inPlace;
    const who = this.#who(inPlace);
    if (to !== undefined) return `${who} renamed it to ${this.#path(to)}`;
    if (backTo === null) return `${who} rolled it back to before its first version`;
    if (backTo !== undefined) return `${who} rolled it back to ${backTo}`;
    return `${who} ${change === 'delete' ? 'deleted' : 'pushed'} it`;
  }

  /** What came of it. */
  #what(inPlace: InPlace): string {
    const { backTo, change } = inPlace;
    const who = this.#who(inPlace);
    if (backTo === null) return `what was there before its first version, to which ${who} rolled it back`;
    if (backTo !== undefined) return `${backTo}, to which ${who} rolled it back`;
    return change === 'delete' ? `that ${who} deleted it` : `what ${who} pushed`;
  }

  #path(resource: string): string {
    return printable(resource.slice(this.#module.length + 2));
  }

  #data(value: Readonly<Record<string, unknown>>): void {
    if (this.#json) printJson(this.#context, value);
  }
}

/** What comes of the next save of a file that stays as it is. */
const nextSave = ({ backTo, change, to }: InPlace): string => {
  if (to !== undefined) return 'the file here stays, and your next save makes it anew';
  return backTo === null || change === 'delete'
    ? 'the file here stays, and your next save asks which of the two it shall be'
    : 'your next save is merged with that';
};
