import { ProblemError, type Problem } from '@cd-push/protocol';

import { loadFrame, loadObject, type ObjectSource } from '../frames/load.ts';
import type { Address } from '../objects/address.ts';
import { objectProblem } from '../objects/object-problem.ts';
import type { ConstantObject, ParsedObject } from '../objects/parsed-object.ts';
import type { Sight } from '../space/foreign-fault.ts';
import type { Space } from '../space/space.ts';
import type { Relations } from './relations.ts';
import type { SyncGate } from './sync-gate.ts';
import type { SyncLimits } from './sync-limits.ts';
import type { Tips } from './tips-digest.ts';

interface VisibleParts {
  readonly space: Space;
  readonly relations: Relations;
  readonly gate: SyncGate;
  readonly limits: Pick<SyncLimits, 'timelines'>;
}

/** Frames that the other side says that it has, and where their timeline stands here as it was told. */
interface AskedFrames {
  readonly timeline: Address;
  readonly tip: Address | undefined;
  readonly frames: readonly Address[];
}

/** A space as the other side of a saga may know it. */
export class Visible {
  readonly #parts: VisibleParts;
  /** By timeline, why the frames of it do not go to the other side, if so. */
  readonly #judged = new Map<Address, Problem | undefined>();

  constructor(parts: VisibleParts) {
    this.#parts = parts;
  }

  /** Has everything judged anew: what the other side may know can change from one turn to the next. */
  forget(): void {
    this.#judged.clear();
  }

  /**
   * Timelines with what they relate to here.
   *
   * @throws {ProblemError} where the other side may not know of one of them, unless the gate hides it; `too-large`.
   */
  async related(timelines: Iterable<Address>): Promise<Tips> {
    const { relations, limits, gate } = this.#parts;
    if (gate.hides) {
      const mayRead = async (timeline: Address): Promise<boolean> =>
        (await this.#problemOf(timeline)) === undefined;
      return relations.readable(timelines, limits.timelines, mayRead);
    }
    const tips = await relations.from(timelines, limits.timelines);
    for (const [timeline, tip] of tips) {
      const problem = tip === undefined ? undefined : await this.#problemOf(timeline);
      if (problem !== undefined) throw new ProblemError(problem);
    }
    return tips;
  }

  /**
   * Those of the constants that are here.
   *
   * @throws {ProblemError} where one is here that the other side may not know of, or that is none, unless the gate hides that.
   */
  async constants(addresses: readonly Address[]): Promise<ReadonlySet<Address>> {
    const { space, gate } = this.#parts;
    const here = await space.has(addresses);
    const seen = new Set<Address>();
    for (const address of here) {
      const problem = constantFault(gate, address, await loadObject(space, address), 'read');
      if (problem === undefined) seen.add(address);
      else if (!gate.hides) throw new ProblemError(problem);
    }
    return seen;
  }

  /** Those of the frames, said to be of these timelines, that are here and known to the other side. */
  async known(asked: readonly AskedFrames[]): Promise<ReadonlySet<Address>> {
    const { space, gate } = this.#parts;
    const here = await space.has(asked.flatMap(({ frames }) => frames));
    if (!gate.hides) return here;
    const seen = new Set<Address>();
    for (const { timeline, tip, frames } of asked) {
      for (const address of frames) {
        if (tip === undefined || !here.has(address)) continue;
        const object = await loadObject(space, address);
        if (object.type === 'frame' && object.timeline === timeline) seen.add(address);
      }
    }
    return seen;
  }

  /** Why an object that something else refers to may not go to the other side, if so. */
  readonly departure = async (object: ParsedObject): Promise<Problem | undefined> => {
    if (object.type !== 'frame') return undefined;
    const { timeline, address } = object;
    if (!this.#judged.has(timeline)) this.#judged.set(timeline, await this.#problemOf(timeline));
    const problem = this.#judged.get(timeline);
    return problem !== undefined && this.#parts.gate.hides
      ? objectProblem('missing-object', address, 'It is not here.')
      : problem;
  };

  /** What the other side may refer to of what is here. */
  get sight(): Sight {
    const { gate } = this.#parts;
    return {
      frame: (_frame, genesis) => gate.timeline(genesis, 'read') === undefined,
      constant: (constant) => gate.constant(constant, 'read') === undefined,
      blob: (address) => gate.blob(address),
    };
  }

  async #problemOf(timeline: Address): Promise<Problem | undefined> {
    const { space, gate } = this.#parts;
    return gate.timeline(await loadFrame(space, timeline), 'read');
  }
}

/**
 * Why the other side may not read, or not bring, what it calls a constant, if so.
 *
 * @throws {ProblemError} where the object is missing or damaged.
 */
export const constantProblem = async (
  gate: SyncGate,
  source: ObjectSource,
  address: Address,
  wish: 'read' | 'write',
): Promise<Problem | undefined> => constantFault(gate, address, await loadObject(source, address), wish);

const constantFault = (
  gate: SyncGate,
  address: Address,
  object: ParsedObject,
  wish: 'read' | 'write',
): Problem | undefined =>
  isConstant(object)
    ? gate.constant(object, wish)
    : objectProblem('bad-object', address, 'It is no constant.');

const isConstant = (object: ParsedObject): object is ConstantObject => object.type === 'constant';
