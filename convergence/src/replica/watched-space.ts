import {
  MemorySpace,
  type Address,
  type ObjectSource,
  type ParsedObject,
  type Space,
  type SpaceChange,
  type SpaceCommit,
  type Tip,
} from '@cd-push/timeline';

import { Crash } from './crash.ts';

/** When a replica that uses its space is to crash. */
interface Fuse {
  /** Calls that are still answered. */
  callsLeft: number;
  /** Whether a commit that it happens in was kept: nobody is told. */
  readonly isCommitKept: boolean;
}

export type HearCommit = (change: SpaceChange) => void;

/** What a replica has on its disk: outlives its crashes, which can be had in any call, and tells of every commit. */
export class WatchedSpace implements Space, ObjectSource {
  readonly #kept = new MemorySpace();
  /** In memory: what was read since the start. */
  readonly #known = new Map<Address, ParsedObject>();
  readonly #hear: HearCommit;
  #fuse: Fuse | undefined;
  #race: (() => Promise<void>) | undefined;

  constructor(hear: HearCommit) {
    this.#hear = hear;
  }

  /** The next calls are answered, and the one after them is not. */
  crashAfter(calls: number, isCommitKept: boolean): void {
    this.#fuse = { callsLeft: calls, isCommitKept };
  }

  /** Something else that is done by the same replica right before it next moves a tip on. */
  raceNextCommit(race: () => Promise<void>): void {
    this.#race = race;
  }

  /** Nothing is about to happen any more. */
  calm(): void {
    this.#fuse = undefined;
    this.#race = undefined;
  }

  /** As after a start: what was in memory is gone. */
  restart(): void {
    this.calm();
    this.#known.clear();
  }

  /** Saves reading them again. */
  remember(objects: Iterable<ParsedObject>): void {
    for (const object of objects) this.#known.set(object.address, object);
  }

  known(address: Address): ParsedObject | undefined {
    return this.#kept.get(address) === undefined ? undefined : this.#known.get(address);
  }

  get(address: Address): Uint8Array | undefined {
    this.#burn();
    return this.#kept.get(address);
  }

  has(addresses: readonly Address[]): ReadonlySet<Address> {
    this.#burn();
    return this.#kept.has(addresses);
  }

  tip(timeline: Address): Address | undefined {
    this.#burn();
    return this.#kept.tip(timeline);
  }

  tips(after: Address | undefined, limit: number): readonly Tip[] {
    this.#burn();
    return this.#kept.tips(after, limit);
  }

  async commit(change: SpaceChange): Promise<SpaceCommit> {
    if (change.swaps.some(({ from }) => from !== undefined)) {
      const race = this.#race;
      this.#race = undefined;
      await race?.();
    }
    if (this.#fuse?.callsLeft === 0 && this.#fuse.isCommitKept) this.#commit(change);
    this.#burn();
    return this.#commit(change);
  }

  #commit(change: SpaceChange): SpaceCommit {
    const commit = this.#kept.commit(change);
    if (commit.outcome === 'committed') this.#hear(change);
    return commit;
  }

  #burn(): void {
    if (this.#fuse === undefined) return;
    if (this.#fuse.callsLeft === 0) throw new Crash('The replica has crashed.');
    this.#fuse.callsLeft -= 1;
  }
}
