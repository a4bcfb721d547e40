import {
  ProblemError,
  problemOf,
  type SyncRequest,
  type SyncResponse,
  type ToldTip,
} from '@cd-push/protocol';

import { isAncestor } from '../frames/descent.ts';
import { loadFrame } from '../frames/load.ts';
import { objectProblem } from '../objects/object-problem.ts';
import { storedObject } from '../objects/canonical.ts';
import type { Address } from '../objects/address.ts';
import type { Space, StoredObject } from '../space/space.ts';
import { CommonFrames } from './common-frames.ts';
import { toAddress } from './or-throw.ts';
import type { Relations } from './relations.ts';
import type { SagaTurns } from './saga-turns.ts';
import { selectionKind } from './sync-control.ts';
import type { SyncLimits } from './sync-limits.ts';
import type { SyncWanted } from './sync-result.ts';
import { bucketDigests, bucketOf, digestOfTips } from './tips-digest.ts';

/** How the two sides stand to each other in one timeline, before anything travels. */
export interface Standing {
  readonly timeline: Address;
  readonly ours: Address | undefined;
  readonly theirs: Address | undefined;
  /** Whether frames of this side's history are lacking there, and beyond which ones. */
  readonly push: readonly Address[] | undefined;
  /** Whether frames of the other side's history are lacking here, and beyond which ones. */
  readonly pull: readonly Address[] | undefined;
}

/** What both sides have to do. */
export interface Agreement {
  readonly standings: readonly Standing[];
  /** The object that names a long list, to be kept for the next time. */
  readonly selection: StoredObject | undefined;
  /** Constants that this side, and the other, lacks. */
  readonly constants: { readonly pull: readonly Address[]; readonly push: readonly Address[] };
}

interface Told {
  readonly tip: Address | undefined;
  readonly height: number;
  /** Whether the other side knows the tip that it was told of. */
  readonly knowsOurs: boolean;
}

/** Names of more than these, with their tips, do not fit half a kilobyte: what a question whether all is the same may take. */
const namedAtOnce = 1;

/** Whether a list of names is told by the address of its selection. */
export const isLong = ({
  timelines,
  constants,
}: {
  readonly timelines: readonly Address[];
  readonly constants: readonly Address[];
}): boolean => timelines.length + constants.length > namedAtOnce;

/** The first part of a saga: finds out what the two sides have, and what each lacks. */
export class Negotiation {
  readonly #space: Space;
  readonly #relations: Relations;
  readonly #turns: SagaTurns;
  readonly #limits: SyncLimits;
  readonly #timelines: readonly Address[];
  readonly #constants: readonly Address[];
  readonly #strategy: SyncWanted['strategy'];
  /** What the other side has told. */
  readonly #theirs = new Map<Address, Told>();
  #constantsThere: ReadonlySet<Address> = new Set();

  constructor(
    wanted: SyncWanted,
    parts: {
      readonly space: Space;
      readonly relations: Relations;
      readonly turns: SagaTurns;
      readonly limits: SyncLimits;
    },
  ) {
    this.#space = parts.space;
    this.#relations = parts.relations;
    this.#turns = parts.turns;
    this.#limits = parts.limits;
    this.#timelines = [...new Set(wanted.timelines)].toSorted();
    this.#constants = [...new Set(wanted.constants)].toSorted();
    this.#strategy = wanted.strategy;
  }

  /**
   * Undefined where both sides have the same.
   *
   * @throws {ProblemError} what does not hold, here or there.
   */
  async agree(): Promise<Agreement | undefined> {
    let ours = await this.#related();
    const constantsHere = await this.#space.has(this.#constants);
    if (!(await this.#begin(ours, constantsHere))) return undefined;
    for (;;) {
      ours = await this.#related();
      const untold = [...ours.keys()].filter((timeline) => !this.#theirs.has(timeline));
      if (untold.length === 0) break;
      await this.#ask(await this.#tell(ours, untold));
    }
    return {
      standings: await this.#compare(ours),
      constants: this.#compareConstants(constantsHere),
      selection: this.#isLong ? await selectionOf(this.#timelines, this.#constants) : undefined,
    };
  }

  get #isLong(): boolean {
    return isLong({ timelines: this.#timelines, constants: this.#constants });
  }

  #related(): Promise<ReadonlyMap<Address, Address | undefined>> {
    return this.#relations.from([...this.#timelines, ...this.#theirs.keys()], this.#limits.timelines);
  }

  /** Says what is wanted; answers whether there is anything to do. */
  async #begin(
    ours: ReadonlyMap<Address, Address | undefined>,
    constantsHere: ReadonlySet<Address>,
  ): Promise<boolean> {
    const digest = await digestOfTips(ours, constantsHere);
    const init = async (isNamed: boolean): Promise<SyncRequest> => ({
      stage: 'init',
      strategy: this.#strategy ?? 'merge',
      digest,
      scope: isNamed
        ? { timelines: [...(await this.#tell(ours, this.#timelines))], constants: [...this.#constants] }
        : { selection: (await selectionOf(this.#timelines, this.#constants)).address },
    });
    const isNamed = !this.#isLong;
    let { says } = await this.#turns.exchange(await init(isNamed), [], ['equal', 'name', 'buckets', 'ack']);
    if (says.stage === 'name') {
      ({ says } = await this.#turns.exchange(await init(true), [], ['equal', 'buckets', 'ack']));
      if (says.stage === 'ack') this.#heed(says, await this.#tell(ours, this.#timelines));
    } else if (says.stage === 'ack') {
      this.#heed(says, isNamed ? await this.#tell(ours, this.#timelines) : []);
    }
    if (says.stage === 'buckets') await this.#compareBuckets(ours, says.digests);
    return says.stage !== 'equal';
  }

  /** Takes note of what is the same in whole buckets of timelines, and asks about those that differ. */
  async #compareBuckets(
    ours: ReadonlyMap<Address, Address | undefined>,
    theirs: readonly string[],
  ): Promise<void> {
    const count = theirs.length;
    const digests = await bucketDigests(ours, count);
    const places = [...theirs.keys()].filter((place) => theirs[place] !== digests[place]);
    const differing = new Set(places);
    const same = [...ours.keys()].filter((timeline) => !differing.has(bucketOf(timeline, count)));
    for (const told of await this.#tell(ours, same)) this.#note(told, true);
    await this.#ask([], { count, places });
  }

  async #ask(told: readonly ToldTip[], buckets?: { count: number; places: number[] }): Promise<void> {
    const { says } = await this.#turns.exchange(
      { stage: 'ask', timelines: [...told], ...(buckets === undefined ? {} : { buckets }) },
      [],
      ['ack'],
    );
    this.#heed(says, told);
  }

  /** Notes what the other side said of its tips; of what it was told and says nothing about, it has the same. */
  #heed(ack: Extract<SyncResponse, { stage: 'ack' }>, told: readonly ToldTip[]): void {
    for (const tip of told) this.#note(tip, true);
    for (const { knowsTold, ...tip } of ack.tips) this.#note(tip, knowsTold);
    if (this.#theirs.size > this.#limits.timelines) {
      const detail = `These relate to more than ${this.#limits.timelines} timelines.`;
      throw new ProblemError(problemOf('too-large', { detail }));
    }
    const there = ack.constants.flatMap((place) => this.#constants[place] ?? []);
    this.#constantsThere = new Set([...this.#constantsThere, ...there]);
  }

  #note({ timeline, tip }: ToldTip, knowsOurs: boolean): void {
    this.#theirs.set(toAddress(timeline), {
      tip: tip === null ? undefined : toAddress(tip.address),
      height: tip?.height ?? 0,
      knowsOurs,
    });
  }

  async #tell(
    ours: ReadonlyMap<Address, Address | undefined>,
    timelines: readonly Address[],
  ): Promise<readonly ToldTip[]> {
    return Promise.all(timelines.map((timeline) => toldTip(this.#space, timeline, ours.get(timeline))));
  }

  async #compare(ours: ReadonlyMap<Address, Address | undefined>): Promise<readonly Standing[]> {
    const standings: Standing[] = [];
    const searches: { readonly search: CommonFrames; readonly ours: Address; readonly theirs: Address }[] =
      [];
    for (const [timeline, own] of ours) {
      const told = this.#theirs.get(timeline);
      const standing = await this.#standing(timeline, own, told);
      if (standing !== undefined) standings.push(standing);
      else if (own !== undefined && told?.tip !== undefined) {
        const search = await CommonFrames.from(this.#space, own, told.height);
        searches.push({ search, ours: own, theirs: told.tip });
      }
    }
    await this.#search(searches.map(({ search }) => search));
    for (const { search, ours: own, theirs } of searches) {
      const { timeline, found } = search;
      const isThere = found.includes(own);
      standings.push({ timeline, ours: own, theirs, push: isThere ? undefined : found, pull: found });
    }
    return standings.toSorted((one, other) => (one.timeline < other.timeline ? -1 : 1));
  }

  /** How the sides stand as far as it can be told without asking; undefined where it cannot. */
  async #standing(
    timeline: Address,
    ours: Address | undefined,
    told: Told | undefined,
  ): Promise<Standing | undefined> {
    const theirs = told?.tip;
    const both = { timeline, ours, theirs };
    if (ours === theirs) return { ...both, push: undefined, pull: undefined };
    if (theirs === undefined) return { ...both, push: [], pull: undefined };
    const isHere = (await this.#space.has([theirs])).has(theirs);
    if (ours === undefined) return { ...both, push: undefined, pull: isHere ? undefined : [] };
    if (isHere) {
      const isBehind = await isAncestor(this.#space, ours, theirs);
      return { ...both, push: isBehind ? undefined : [theirs], pull: undefined };
    }
    return told?.knowsOurs === true ? { ...both, push: undefined, pull: [ours] } : undefined;
  }

  /** Asks about the frames of all of these at once, in batches that grow. */
  async #search(searches: readonly CommonFrames[]): Promise<void> {
    let size = this.#limits.firstBatch;
    for (;;) {
      const open = searches.filter((search) => !search.isDone);
      if (open.length === 0) return;
      // All of one turn together have no more than one alone may have at last.
      const asked = open.slice(0, this.#limits.lastBatch);
      const each = Math.max(1, Math.min(size, Math.floor(this.#limits.lastBatch / asked.length)));
      const have = [];
      for (const search of asked) {
        have.push({ timeline: search.timeline, frames: [...(await search.next(each))] });
      }
      const { says } = await this.#turns.exchange({ stage: 'have', have }, [], ['common']);
      for (const [index, search] of asked.entries()) search.answered(new Set(says.common[index]));
      size = Math.min(size * 2, this.#limits.lastBatch);
    }
  }

  #compareConstants(here: ReadonlySet<Address>): Agreement['constants'] {
    const there = this.#constantsThere;
    const nowhere = this.#constants.find((address) => !here.has(address) && !there.has(address));
    if (nowhere !== undefined) {
      throw new ProblemError(objectProblem('missing-object', nowhere, 'Neither side has it.'));
    }
    return {
      pull: this.#constants.filter((address) => !here.has(address)),
      push: this.#constants.filter((address) => !there.has(address)),
    };
  }
}

/** A tip as it is told. */
export const toldTip = async (
  space: Pick<Space, 'get'>,
  timeline: Address,
  tip: Address | undefined,
): Promise<ToldTip> => {
  if (tip === undefined) return { timeline, tip: null };
  const { height } = await loadFrame(space, tip);
  return { timeline, tip: { address: tip, height } };
};

/** The object that names what is synchronised. */
export const selectionOf = (
  timelines: readonly Address[],
  constants: readonly Address[],
): Promise<StoredObject> => storedObject({ kind: selectionKind, timelines, constants });
