import type { Address, StoredObject, Tip, TipSwap } from '@cd-push/timeline';

import type { Engine } from '../engine/engine.ts';
import type { Pool } from '../objects/pool.ts';
import type { Bundle } from '../network/message.ts';
import { WatchedSpace, type HearCommit } from './watched-space.ts';

export interface MergeMade {
  readonly replica: string;
  readonly ours: Address;
  readonly theirs: Address;
  readonly tip: Address;
}

/** What became of a message. */
export type Taken =
  | { readonly outcome: 'taken' }
  | {
      readonly outcome: 'refused';
      readonly problem: { readonly kind: string; readonly detail?: string | undefined };
    };

/** Local edits that may come between before a replica gives up; each happens once. */
const attempts = 3;
const allTips = 1_000;

/** One who has timelines, edits them, and takes in what others have done. All that it keeps is in its space. */
export class Replica {
  readonly name: string;
  readonly space: WatchedSpace;
  readonly #engine: Engine;
  readonly #pool: Pool;
  readonly #hearMerge: (merge: MergeMade) => void;
  /** The tips that others were sent last. In memory: a crash forgets it. */
  #sent = new Map<string, readonly Tip[]>();

  constructor(
    name: string,
    engine: Engine,
    pool: Pool,
    hear: { readonly commit: HearCommit; readonly merge: (merge: MergeMade) => void },
  ) {
    this.name = name;
    this.space = new WatchedSpace(hear.commit);
    this.#engine = engine;
    this.#pool = pool;
    this.#hearMerge = hear.merge;
  }

  tips(): readonly Tip[] {
    return this.space.tips(undefined, allTips);
  }

  /** Begins anew with what was committed. */
  restart(): void {
    this.space.restart();
    this.#sent = new Map();
  }

  /** What somebody lacks who has these tips. */
  bundleFor(to: string, known: readonly Tip[]): Bundle {
    const tips = this.tips();
    const here = known.map(({ tip }) => tip).filter((tip) => this.space.has([tip]).size > 0);
    const there = this.#pool.closureOf(here);
    const objects: StoredObject[] = [];
    for (const address of this.#pool.closureOf(
      tips.map(({ tip }) => tip),
      there,
    )) {
      const bytes = this.space.get(address);
      if (bytes !== undefined) objects.push({ address, bytes });
    }
    this.#sent.set(to, tips);
    return { kind: 'bundle', from: this.name, to, tips, objects };
  }

  /** The same for one who has all that was sent before, if that has arrived. */
  nextBundleFor(to: string): Bundle {
    return this.bundleFor(to, this.#sent.get(to) ?? []);
  }

  async #receive(objects: readonly StoredObject[], swaps: readonly TipSwap[]): ReturnType<Engine['receive']> {
    return this.#engine.receive(this.space, objects, swaps, {
      verify: (quarantined) => {
        this.space.remember(quarantined.objects.values());
        return undefined;
      },
    });
  }

  /**
   * Takes in what has come: objects through quarantine, then every tip forward, or merged with the own one; all of them or
   * none.
   */
  async take({ objects, tips }: Bundle): Promise<Taken> {
    const isAllNew = tips.every(({ timeline }) => this.space.tip(timeline) === undefined);
    const received = await this.#receive(objects, isAllNew ? tips.map(swapOfNew) : []);
    if (!received.ok) return { outcome: 'refused', problem: received.problem };
    // What it builds on was sent before, and was lost.
    const here = this.space.has(tips.map(({ tip }) => tip));
    if (tips.some(({ tip }) => !here.has(tip)))
      return { outcome: 'refused', problem: { kind: 'missing-object' } };
    for (let attempt = 1; ; attempt += 1) {
      const { made, swaps } = await this.#merged(tips);
      if (swaps.length === 0) return { outcome: 'taken' };
      const committed = await this.#receive(made, swaps);
      if (committed.ok) return { outcome: 'taken' };
      if (committed.problem.kind !== 'tip-moved' || attempt === attempts) {
        return { outcome: 'refused', problem: committed.problem };
      }
    }
  }

  /** Where the own tips go with these, and what has to be there for it. */
  async #merged(
    tips: readonly Tip[],
  ): Promise<{ readonly made: readonly StoredObject[]; readonly swaps: readonly TipSwap[] }> {
    const made: StoredObject[] = [];
    const swaps: TipSwap[] = [];
    for (const { timeline, tip: theirs } of tips) {
      const ours = this.space.tip(timeline);
      if (ours === undefined) swaps.push(swapOfNew({ timeline, tip: theirs }));
      if (ours === undefined || ours === theirs) continue;
      const merged = await this.#engine.merge(this.space, ours, theirs);
      this.#hearMerge({ replica: this.name, ours, theirs, tip: merged.tip });
      if (merged.tip === ours) continue;
      swaps.push({ timeline, from: ours, to: merged.tip });
      made.push(...merged.objects);
    }
    return { made, swaps };
  }
}

const swapOfNew = ({ timeline, tip }: Tip): TipSwap => ({ timeline, from: undefined, to: tip });
