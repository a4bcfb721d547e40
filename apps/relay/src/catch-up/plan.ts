import type { PatchHead } from '@cd-push/protocol';

import type { TrackedPush } from '../journal/tracked-push.ts';
import type { Aim } from './aims.ts';

/**
 * What goes out in a catch-up, so that the runtime ends with what it should hold of every file, whatever it takes of what
 * it is sent: where a push goes out, so does whatever changes one of its files later on, even if that leads back to what
 * the runtime reports to hold.
 */
export class Plan {
  readonly #aims: ReadonlyMap<string, Aim>;
  /** Places of what goes out, or needs not go whatever else does. */
  readonly #decided = new Set<number>();
  /** By file, the first push that goes out and changes it. */
  readonly #first = new Map<string, number>();
  /** Files that are brought by what was looked at so far, or stand already as that would leave them. */
  readonly #brought = new Set<string>();
  readonly #alike = new Set<TrackedPush>();

  constructor(aims: ReadonlyMap<string, Aim>) {
    this.#aims = aims;
  }

  /** Whether each file of a push is brought by a later one, or stands already as a later one leaves it. */
  isReplaced(push: TrackedPush): boolean {
    return namesIn(push).every(
      (name) => this.#brought.has(name) || (this.#aims.get(name)?.offset ?? 0) > push.offset,
    );
  }

  /**
   * A push goes out. Before all are known they come latest first.
   *
   * @param isTaken whether the runtime will take it; if not, nothing is replaced by it.
   */
  send(push: TrackedPush, isTaken: boolean): void {
    this.#decided.add(push.offset);
    this.#alike.delete(push);
    for (const name of namesIn(push)) {
      this.#first.set(name, Math.min(push.offset, this.#first.get(name) ?? Infinity));
      if (isTaken) this.#brought.add(name);
    }
  }

  /** A push needs not go out if the runtime stays as it is. */
  spare(push: TrackedPush): void {
    this.#alike.add(push);
    for (const name of namesIn(push)) this.#brought.add(name);
  }

  /** A push does not go out: it is replaced. */
  leaveOut(push: TrackedPush): void {
    this.#decided.add(push.offset);
  }

  /** Places of pushes that have to go out because of those that do; each is answered once, until there are none. */
  drawn(): number[] {
    const drawn = new Set<number>();
    for (const [name, first] of this.#first) {
      const offset = this.#aims.get(name)?.offset ?? 0;
      if (offset > first && !this.#decided.has(offset)) drawn.add(offset);
    }
    for (const push of this.#alike) {
      const isChanged = namesIn(push).some((name) => (this.#first.get(name) ?? Infinity) < push.offset);
      if (isChanged && !this.#decided.has(push.offset)) drawn.add(push.offset);
    }
    for (const offset of drawn) this.#decided.add(offset);
    return [...drawn].toSorted((a, b) => a - b);
  }

  /** Pushes that need not go out after all. */
  get spared(): Iterable<TrackedPush> {
    return this.#alike;
  }
}

const namesIn = ({ accepted }: TrackedPush): string[] => (accepted.signed?.patches ?? []).flatMap(namesOf);

/** A rename changes what is under both names. */
const namesOf = ({ resource, from }: PatchHead): string[] =>
  from === undefined ? [resource] : [resource, from];
