import type { EditSettled, Problem } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { nextJson } from '../talk/next-json.ts';
import { printJson } from '../talk/print-json.ts';
import { printable } from '../printable.ts';
import type { Talk } from '../talk/talk.ts';
import type { ConflictTexts } from './conflict-texts.ts';
import { conflictLines } from './conflict-texts.ts';
import type { OpenConflict } from './working-copy.ts';

/** Says what becomes of what others push while somebody works on the same files. */
export class MergeTeller {
  readonly #context: CliContext;
  readonly #talk: Talk;
  readonly #json: boolean;
  readonly #module: string;
  #isHinted = false;

  constructor(
    context: CliContext,
    options: { readonly talk: Talk; readonly json: boolean; readonly module: string },
  ) {
    this.#context = context;
    this.#talk = options.talk;
    this.#json = options.json;
    this.#module = options.module;
  }

  /** A save and what was in place were pushed as one. */
  merged(resource: string, by: string | undefined, isWritten: boolean): void {
    this.#data({ type: 'merged', resource, by, isWritten });
    const { marks } = this.#talk.pen;
    const there = isWritten ? '; the file here has both' : '';
    this.#line('green', `${marks.done} merged`, resource, `with what ${who(by)} pushed${there}`);
    if (!isWritten) this.#hint();
  }

  /** What others pushed was written into the file here. */
  takenIn(resource: string, by: string | undefined): void {
    this.#data({ type: 'taken-in', resource, by });
    this.#line('green', `${this.#talk.pen.marks.done} taken in`, resource, `what ${who(by)} pushed`);
  }

  /** Others pushed, and the file here stays as it is. */
  behind(resource: string, by: string | undefined): void {
    this.#data({ type: 'behind', resource, by });
    const what = `${who(by)} pushed it; your next save is merged with that`;
    this.#line('yellow', `${this.#talk.pen.marks.away} behind`, resource, what);
    this.#hint();
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

  conflict(conflict: OpenConflict, { pieces }: ConflictTexts, fault: string | undefined): void {
    const { resource, by, together } = conflict;
    const lines = pieces === undefined ? [] : conflictLines(pieces);
    const next = `Nothing was pushed, and both texts are kept. See and settle it: cd-cli resolve ${this.#path(resource)}`;
    this.#data({ type: 'conflict', resource, by, lines, together, ...nextJson(next) });
    const where =
      lines.length === 0
        ? ''
        : `: line ${lines.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(', ')}`;
    this.#line(
      'red',
      `${this.#talk.pen.marks.failed} conflict`,
      resource,
      `with what ${who(by)} pushed${where}`,
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

  #hint(): void {
    if (this.#isHinted) return;
    this.#isHinted = true;
    this.#talk.next('Have what others push written into the files here: cd-cli watch --accept-edits');
  }

  #line(colour: 'green' | 'yellow' | 'red', label: string, resource: string, what: string): void {
    const { pen } = this.#talk;
    this.#talk.say(
      `${pen.paint(colour, label.padEnd(11))}  ${pen.paint('bold', this.#path(resource))}   ${what}`,
    );
  }

  #path(resource: string): string {
    return printable(resource.slice(this.#module.length + 2));
  }

  #data(value: Readonly<Record<string, unknown>>): void {
    if (this.#json) printJson(this.#context, value);
  }
}

const who = (by: string | undefined): string => (by === undefined ? 'somebody' : printable(by));
