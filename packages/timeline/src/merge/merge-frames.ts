import { ProblemError } from '@cd-push/protocol';

import type { Frame, Links } from '../frames/frame.ts';
import { loadFrame, loadObject, type ObjectSource } from '../frames/load.ts';
import { appendMerge } from '../frames/make-frame.ts';
import { mergeBases } from '../frames/merge-bases.ts';
import type { Address } from '../objects/address.ts';
import { storedBlob } from '../objects/canonical.ts';
import { objectProblem } from '../objects/object-problem.ts';
import type { FrameObject, ParsedObject } from '../objects/parsed-object.ts';
import { linkTo, type Link, type ValueMap } from '../objects/value.ts';
import type { StoredObject } from '../space/space.ts';
import { HistorySince, type BaseHistory } from './base-history.ts';
import { conflictPaths } from './conflict-paths.ts';
import { mergeAlgorithm } from './merge-algorithm.ts';
import { mergeLinks } from './merge-links.ts';
import { maxMergedLength, mergeText, type TextMergeOptions } from './merge-text.ts';
import { mergeData } from './merge-values.ts';
import { stepsPerFrameByte, stepsPerRead, type MergeSteps } from './merge-steps.ts';
import { isResourceData, withDerived, withoutDerived } from './resource-data.ts';
import type { SyntaxCheck } from './syntax.ts';

/** Something in conflict in a frame that a merge has made: a JSON pointer into the frame's data. */
export interface ConflictPlace {
  readonly frame: Address;
  readonly path: string;
}

/** In what two frames come together: one of the two, where it has the other, or a new frame. */
export interface FrameMerge {
  readonly address: Address;
  /** What was made for it, the frame itself included: none of it is in the source, or it does no harm to put it there again. */
  readonly objects: readonly StoredObject[];
  /** Of this frame, and of the files' frames that a manifest names and that were merged for it. */
  readonly conflicts: readonly ConflictPlace[];
}

/**
 * Merges two frames of one timeline from their merge base. Where there are several, because histories crossed, they are merged
 * themselves first, in the order of their addresses, so that what was taken away since does not come back. Neither a clock nor
 * an author is in what comes out: everybody who has these two frames, and the same parsers, makes the same address, whichever
 * he calls the first. Frames of files that two manifests name are merged with them.
 *
 * @param steps hears of what it takes, and may end it.
 * @throws {ProblemError} `bad-frame` where they are of two timelines, `missing-object`, or why an object is damaged.
 */
export const mergeFrames = async (
  source: ObjectSource,
  one: Address,
  other: Address,
  syntax?: SyntaxCheck,
  steps?: MergeSteps,
): Promise<FrameMerge> => {
  const merger = new FrameMerger(source, syntax, steps);
  const { frame } = await merger.merge(one, other);
  const made = merger.madeFor(frame.address);
  return {
    address: frame.address,
    objects: made.map(({ address, bytes }) => ({ address, bytes })),
    conflicts: made.flatMap((object) =>
      object.type === 'frame'
        ? conflictPaths(object.frame.data).map((path) => ({ frame: object.address, path }))
        : [],
    ),
  };
};

interface Merged {
  readonly frame: FrameObject;
  /** Whether a parser had a say in it. */
  readonly isJudged: boolean;
}

interface Base extends Merged {
  /** What it is made of: itself, or several. */
  readonly of: readonly FrameObject[];
}

/**
 * Merge bases that are merged with others for one merge. Histories that crossed more often are merged from the first of their
 * bases alone: what was taken away on the way may be back then, and there may be conflicts that would not have to be.
 */
const maxCrossings = 256;

/** Makes frames in memory, on top of what a source has. */
class FrameMerger {
  readonly #source: ObjectSource;
  readonly #syntax: SyntaxCheck | undefined;
  readonly #steps: MergeSteps | undefined;
  readonly #made = new Map<Address, ParsedObject>();
  /** By both addresses in their order: histories that cross lead to the same pairs again and again. */
  readonly #merges = new Map<string, Promise<Merged>>();
  #crossings = 0;

  constructor(source: ObjectSource, syntax: SyntaxCheck | undefined, steps: MergeSteps | undefined) {
    this.#syntax = syntax;
    this.#steps = steps;
    this.#source = {
      get: (address) => this.#made.get(address)?.bytes ?? source.get(address),
      known: (address) => this.#made.get(address) ?? source.known?.(address),
    };
  }

  merge(one: Address, other: Address): Promise<Merged> {
    const [first, second] = one < other ? [one, other] : [other, one];
    const key = `${first} ${second}`;
    let merge = this.#merges.get(key);
    if (merge === undefined) {
      merge = this.#merge(first, second);
      this.#merges.set(key, merge);
    }
    return merge;
  }

  /** What was made and belongs to an object: it, and what it refers to; not what was made on the way only. */
  madeFor(root: Address): readonly ParsedObject[] {
    const found = new Map<Address, ParsedObject>();
    const waiting = [root];
    for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
      const object = this.#made.get(address);
      if (object === undefined || found.has(address)) continue;
      found.set(address, object);
      waiting.push(...object.refers);
    }
    return [...found.values()];
  }

  async #merge(one: Address, other: Address): Promise<Merged> {
    const ours = await loadFrame(this.#source, one);
    const theirs = await loadFrame(this.#source, other);
    this.#steps?.(stepsPerRead + stepsPerFrameByte * (ours.bytes.length + theirs.bytes.length));
    const bases = await mergeBases(this.#source, one, other);
    if (bases.includes(other)) return { frame: ours, isJudged: false };
    if (bases.includes(one)) return { frame: theirs, isJudged: false };
    const base = await this.#oneBase(bases);
    if (base === undefined) {
      throw new ProblemError(objectProblem('bad-frame', other, `It is of another timeline than ${one}.`));
    }
    const history = new HistorySince(this.#source, base.of, { ours: one, theirs: other }, this.#steps);
    const { data, links, isJudged } = await this.#content(
      base.frame.frame,
      ours.frame,
      theirs.frame,
      history,
    );
    // The longer history stays where it is.
    const [graftbase, graftorphan] = ours.height >= theirs.height ? [one, other] : [other, one];
    const judged = isJudged || base.isJudged;
    const frame = await appendMerge(ours, theirs, {
      data,
      links,
      merge: {
        base: bases,
        graftbase,
        graftorphan,
        algorithm: mergeAlgorithm,
        syntax: judged ? (this.#syntax?.id ?? null) : null,
      },
    });
    this.#made.set(frame.address, frame);
    return { frame, isJudged: judged };
  }

  /** Several bases are merged, two at a time, in the order of their addresses. */
  async #oneBase([first, ...others]: readonly Address[]): Promise<Base | undefined> {
    if (first === undefined) return undefined;
    const frame = await loadFrame(this.#source, first);
    let base: Base = { frame, isJudged: false, of: [frame] };
    for (const other of others) {
      if (this.#crossings >= maxCrossings) return base;
      this.#crossings += 1;
      const merged = await this.merge(base.frame.address, other);
      const of = [...base.of, await loadFrame(this.#source, other)];
      base = { frame: merged.frame, isJudged: base.isJudged || merged.isJudged, of };
    }
    return base;
  }

  async #content(
    base: Frame,
    ours: Frame,
    theirs: Frame,
    history: BaseHistory,
  ): Promise<{ readonly data: ValueMap; readonly links: Links; readonly isJudged: boolean }> {
    let isJudged = false;
    const options: TextMergeOptions = {
      syntax: this.#syntax,
      language: this.#languageOf(ours.data),
      isBaseMade: history.isMade,
      steps: this.#steps,
    };
    const texts = (was: string, one: string, other: string): string | undefined => {
      const merged = mergeText(was, one, other, options);
      if (merged.kind === 'conflict') return undefined;
      if (merged.by === 'tokens') isJudged = true;
      return merged.text;
    };
    const merging = {
      history,
      texts,
      files: (was: Link, one: Link, other: Link) => this.#mergeFiles([was, one, other], texts),
      entries: async (one: Link, other: Link): Promise<Link | undefined> => {
        const merged = await this.#mergeEntries(one['/'], other['/']);
        if (merged?.isJudged === true) isJudged = true;
        return merged === undefined ? undefined : linkTo(merged.frame.address);
      },
    };
    const isResource = isResourceData(ours.data) && isResourceData(theirs.data);
    const of = isResource ? withoutDerived : (whole: ValueMap) => whole;
    const merged = await mergeData(
      { base: of(base.data), ours: of(ours.data), theirs: of(theirs.data) },
      merging,
    );
    const data = isResource ? withDerived(merged, ours.data, theirs.data, base.data) : merged;
    const links = mergeLinks(base.links, ours.links, theirs.links);
    return { data, links, isJudged };
  }

  #languageOf({ resource }: ValueMap): TextMergeOptions['language'] {
    return typeof resource === 'string' ? this.#syntax?.languageOf(resource) : undefined;
  }

  /** Undefined where one is no text, or nobody but the authors can merge them. */
  async #mergeFiles(
    links: readonly [Link, Link, Link],
    merge: (base: string, ours: string, theirs: string) => string | undefined,
  ): Promise<Link | undefined> {
    const texts: string[] = [];
    for (const link of links) {
      const object = await loadObject(this.#source, link['/']);
      const text = object.type === 'blob' ? textIn(object.bytes) : undefined;
      if (text === undefined) return undefined;
      texts.push(text);
    }
    const [base = '', ours = '', theirs = ''] = texts;
    const merged = merge(base, ours, theirs);
    if (merged === undefined) return undefined;
    const { address, bytes } = await storedBlob(merged);
    this.#made.set(address, { type: 'blob', address, bytes, refers: [] });
    return linkTo(address);
  }

  /** Undefined where they are not two frames of one timeline. */
  async #mergeEntries(one: Address, other: Address): Promise<Merged | undefined> {
    const [ours, theirs] = [await loadObject(this.#source, one), await loadObject(this.#source, other)];
    if (ours.type !== 'frame' || theirs.type !== 'frame' || ours.timeline !== theirs.timeline)
      return undefined;
    return this.merge(one, other);
  }
}

/** The text of a file's bytes, to the byte; undefined where they are none, or too many to be merged. */
const textIn = (bytes: Uint8Array): string | undefined => {
  // One unit of UTF-16 takes at most three bytes.
  if (bytes.length > 3 * maxMergedLength) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
};
