import { ok, ProblemError, problemOf, refuse, type Problem, type Result } from '@cd-push/protocol';

import { frameFault } from '../frames/frame-fault.ts';
import type { ObjectSource } from '../frames/load.ts';
import { manifestFault, mixtureFault } from '../frames/manifest-fault.ts';
import type { Address } from '../objects/address.ts';
import type { ControlKind } from '../objects/control-kind.ts';
import { objectProblem } from '../objects/object-problem.ts';
import type { ParsedObject } from '../objects/parsed-object.ts';
import { readObject } from '../objects/read-object.ts';
import { quarantineLimits, type QuarantineLimits } from './quarantine-limits.ts';
import type { Space, SpaceChange, StoredObject, TipSwap } from './space.ts';
import { swapFault } from './swap-fault.ts';

export interface QuarantineOptions {
  /** Kinds that are accepted besides those of what is synced. */
  readonly controls?: readonly ControlKind[] | undefined;
  readonly limits?: QuarantineLimits | undefined;
}

/** What is in quarantine, seen together with the space that it would come into. */
export interface Quarantined extends Required<ObjectSource>, Pick<Space, 'has'> {
  /** What has come, each read by itself. */
  readonly objects: ReadonlyMap<Address, ParsedObject>;
  readonly swaps: readonly TipSwap[];
}

/** Last word on what has come, after everything else held: whether signatures do, say. */
export type Verify = (quarantined: Quarantined) => Promise<Problem | undefined> | Problem | undefined;

/**
 * Where objects wait until everything about them is known to hold: in memory, bounded, and nowhere else. They come in any
 * order and in as many parts as they like; to be rid of them is to forget the quarantine.
 */
export class Quarantine {
  readonly #space: Space;
  readonly #controls: readonly ControlKind[];
  readonly #limits: QuarantineLimits;
  readonly #objects = new Map<Address, ParsedObject>();
  #bytes = 0;

  constructor(space: Space, { controls = [], limits = quarantineLimits }: QuarantineOptions = {}) {
    this.#space = space;
    this.#controls = controls;
    this.#limits = limits;
  }

  get size(): number {
    return this.#objects.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What has come, seen together with the space; nothing of it is checked but by itself. */
  get source(): Quarantined {
    return this.#quarantined([]);
  }

  /** Takes objects in, each read by itself; refuses as `bad-object`, `bad-frame` or `too-large`. */
  async add(objects: readonly StoredObject[]): Promise<Result<void, Problem>> {
    const limits = this.#limits;
    for (const object of objects) {
      if (this.#bytes + object.bytes.length > limits.bytes) return refuse(tooMuch(`${limits.bytes} bytes`));
      const read = await readObject(object, this.#controls);
      if (!read.ok) return read;
      if (this.#objects.has(object.address)) continue;
      if (this.#objects.size >= limits.objects) return refuse(tooMuch(`${limits.objects} objects`));
      this.#objects.set(object.address, read.value);
      this.#bytes += object.bytes.length;
    }
    return ok(undefined);
  }

  /**
   * Whether all that has come may be committed, and these tips be moved: frames follow from their parents, nothing is
   * missing that anything refers to, and tips move forward only. Problems are `bad-frame`, `missing-object`, `tip-moved` and
   * `too-large`, or what `verify` says.
   *
   * @throws what the space throws.
   */
  async check(
    swaps: readonly TipSwap[],
    verify: Verify = () => undefined,
  ): Promise<Result<SpaceChange, Problem>> {
    if (swaps.length > this.#limits.swaps) return refuse(tooMuch(`${this.#limits.swaps} tips`));
    const quarantined = this.#bounded(this.#quarantined(swaps));
    try {
      const problem =
        (await this.#missing(quarantined)) ??
        (await this.#frameProblem(quarantined)) ??
        (await this.#swapProblem(quarantined)) ??
        (await mixtureFault(quarantined, swaps)) ??
        (await verify(quarantined));
      if (problem !== undefined) return refuse(problem);
    } catch (error) {
      // A history of the space itself that cannot be walked is told like one that came.
      if (error instanceof ProblemError) return refuse(error.problem);
      throw error;
    }
    const objects = [...this.#objects.values()].map(({ address, bytes }) => ({ address, bytes }));
    return ok({ objects, swaps });
  }

  #quarantined(swaps: readonly TipSwap[]): Quarantined {
    const objects = this.#objects;
    const space = this.#space;
    return {
      objects,
      swaps,
      known: (address) => objects.get(address),
      get: (address) => objects.get(address)?.bytes ?? space.get(address),
      has: async (addresses) => {
        const come = addresses.filter((address) => objects.has(address));
        const sought = addresses.filter((address) => !objects.has(address));
        return new Set([...come, ...(sought.length === 0 ? [] : await space.has(sought))]);
      },
    };
  }

  /** The same, and no more than some looks at it. */
  #bounded(quarantined: Quarantined): Quarantined {
    const { looks, looksPerObject } = this.#limits;
    const bound = looks + looksPerObject * this.#objects.size;
    let looked = 0;
    return {
      ...quarantined,
      known: (address) => {
        looked += 1;
        if (looked > bound) throw new ProblemError(tooTangled);
        return quarantined.known(address);
      },
    };
  }

  async #frameProblem(source: Quarantined): Promise<Problem | undefined> {
    for (const object of this.#objects.values()) {
      if (object.type !== 'frame') continue;
      const problem = (await frameFault(source, object)) ?? (await manifestFault(source, object));
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  /** What is referred to and neither has come nor is in the space, whose own objects lack nothing. */
  async #missing(source: Quarantined): Promise<Problem | undefined> {
    const referrers = new Map<Address, Address>();
    for (const { address, refers } of this.#objects.values()) {
      for (const sought of refers) if (!this.#objects.has(sought)) referrers.set(sought, address);
    }
    if (referrers.size === 0) return undefined;
    const here = await source.has([...referrers.keys()]);
    for (const [sought, referrer] of referrers) {
      if (!here.has(sought)) return objectProblem('missing-object', sought, `${referrer} refers to it.`);
    }
    return undefined;
  }

  async #swapProblem(source: Quarantined): Promise<Problem | undefined> {
    const seen = new Set<Address>();
    for (const swap of source.swaps) {
      if (seen.has(swap.timeline))
        return objectProblem('bad-frame', swap.timeline, 'Its tip is moved twice.');
      seen.add(swap.timeline);
      const problem = await swapFault(this.#space, source, swap);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
}

const tooTangled = problemOf('too-large', {
  detail: 'It takes too long to see whether this holds. Bring less at once.',
});

const tooMuch = (bound: string): Problem =>
  problemOf('too-large', { detail: `This brings more than ${bound} at once.` });
