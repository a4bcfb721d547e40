import { isConflict } from '../frames/conflict.ts';
import { framesBeyond } from '../frames/frames-beyond.ts';
import { loadFrame, type ObjectSource } from '../frames/load.ts';
import type { Address } from '../objects/address.ts';
import { canonicalText } from '../objects/canonical.ts';
import type { FrameObject } from '../objects/parsed-object.ts';
import { isMap, type Value, type ValueMap } from '../objects/value.ts';
import { isInConflict, sidesOf, type MaybeValue, type Side } from './conflict-of.ts';
import { isComputed } from './merge-algorithm.ts';
import { stepsPerFrameByte, stepsPerRead, stepsPerUnit, type MergeSteps } from './merge-steps.ts';

/** What a merge asks about its merge bases, and about what both sides have done since. */
export interface BaseHistory {
  /** Whether the base was made of several for this merge. Nobody has seen it; both sides have seen all of these. */
  readonly isMade: boolean;
  /** What the bases say in a place. */
  readonly seenAt: (path: readonly string[]) => readonly Value[];
  /**
   * Whether one side has said a value in a place, by writing or by choosing it, and the other has not heard of that. A value
   * that is only left over from one of several bases, and that the side has lost again elsewhere, is said by nobody.
   */
  readonly hasSaid: (side: Side, path: readonly string[], value: Value) => Promise<boolean>;
  /** Whether one side has taken a value away by an edit, and the other has not heard of that. What merges leave out, nobody did. */
  readonly hasRemoved: (side: Side, path: readonly string[], value: Value) => Promise<boolean>;
}

/** A change of a frame into the next; a merge that a person has made is one of each of its parents. */
interface Edit {
  readonly before: ValueMap;
  readonly after: ValueMap;
}

/** What an edit has done in one place; by canonical spelling. */
interface Change {
  readonly before: ReadonlyMap<string, Value>;
  readonly after: ReadonlyMap<string, Value>;
  readonly wasInConflict: boolean;
}

/** To find a place in what an edit has changed, whatever stands there. */
const stepsPerEdit = 100;

/** Reads the histories of both sides as far as the other one has not heard of them, once it is asked. */
export class HistorySince implements BaseHistory {
  readonly #source: ObjectSource;
  readonly #bases: readonly FrameObject[];
  readonly #tips: Readonly<Record<Side, Address>>;
  readonly #steps: MergeSteps | undefined;
  readonly #edits = new Map<Side, Promise<readonly Edit[]>>();
  /** By side and path: whoever asks about a place asks about each of its sides. */
  readonly #changes = new Map<string, Promise<readonly Change[]>>();

  constructor(
    source: ObjectSource,
    bases: readonly FrameObject[],
    tips: Readonly<Record<Side, Address>>,
    steps: MergeSteps | undefined,
  ) {
    this.#source = source;
    this.#bases = bases;
    this.#tips = tips;
    this.#steps = steps;
  }

  get isMade(): boolean {
    return this.#bases.length > 1;
  }

  readonly seenAt = (path: readonly string[]): readonly Value[] =>
    this.#bases.flatMap(({ frame }) => [...sidesOf(valueAt(frame.data, path)).values()]);

  readonly hasSaid = async (side: Side, path: readonly string[], value: Value): Promise<boolean> => {
    const spelling = canonicalText(value);
    const changes = await this.#changesAt(side, path);
    // Whoever changes what is in conflict chooses what he leaves of it.
    return changes.some(
      ({ before, after, wasInConflict }) => after.has(spelling) && (wasInConflict || !before.has(spelling)),
    );
  };

  readonly hasRemoved = async (side: Side, path: readonly string[], value: Value): Promise<boolean> => {
    const spelling = canonicalText(value);
    const changes = await this.#changesAt(side, path);
    return changes.some(({ before, after }) => before.has(spelling) && !after.has(spelling));
  };

  #changesAt(side: Side, path: readonly string[]): Promise<readonly Change[]> {
    const key = JSON.stringify([side, ...path]);
    let changes = this.#changes.get(key);
    if (changes === undefined) {
      changes = this.#readChanges(side, path);
      this.#changes.set(key, changes);
    }
    return changes;
  }

  async #readChanges(side: Side, path: readonly string[]): Promise<readonly Change[]> {
    const changes: Change[] = [];
    for (const edit of await this.#editsOf(side)) {
      const [before, after] = [valueAt(edit.before, path), valueAt(edit.after, path)];
      const [was, is] = [canonicalText(before ?? null), canonicalText(after ?? null)];
      this.#steps?.(stepsPerEdit + stepsPerUnit * (was.length + is.length));
      if (was === is) continue;
      changes.push({ before: sidesOf(before), after: sidesOf(after), wasInConflict: isInConflict(before) });
    }
    return changes;
  }

  #editsOf(side: Side): Promise<readonly Edit[]> {
    let edits = this.#edits.get(side);
    if (edits === undefined) {
      edits = this.#readEdits(this.#tips[side], this.#tips[side === 'ours' ? 'theirs' : 'ours']);
      this.#edits.set(side, edits);
    }
    return edits;
  }

  async #readEdits(tip: Address, known: Address): Promise<readonly Edit[]> {
    const edits: Edit[] = [];
    for await (const { frame, bytes } of framesBeyond(this.#source, tip, [known])) {
      this.#steps?.(stepsPerRead + stepsPerFrameByte * bytes.length);
      // What comes together in a merge was said before, unless a person has merged.
      if (frame.timeline === null || (frame.merge !== undefined && isComputed(frame.merge.algorithm)))
        continue;
      for (const parent of frame.parents) {
        edits.push({ before: (await loadFrame(this.#source, parent)).frame.data, after: frame.data });
      }
    }
    return edits;
  }
}

/** Undefined where nothing is there, or the way leads through a conflict. */
const valueAt = (data: ValueMap, path: readonly string[]): MaybeValue => {
  let value: MaybeValue = data;
  for (const key of path) {
    if (value === undefined || !isMap(value) || isConflict(value) || !Object.hasOwn(value, key))
      return undefined;
    value = value[key];
  }
  return value;
};
