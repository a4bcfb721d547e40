import { ProblemError } from '@cd-push/protocol';
import TinyQueue from 'tinyqueue';

import type { Address } from '../objects/address.ts';
import { objectProblem } from '../objects/object-problem.ts';
import type { FrameObject } from '../objects/parsed-object.ts';
import { loadFrame, type ObjectSource } from './load.ts';

/**
 * Frames that a walk towards the past has yet to visit, the highest first. A frame is higher than its parents: once one is
 * taken, nothing that is still to come leads back to it, so that each is visited once and none has to be remembered. Heights
 * that lie would have a walk visit frames as often as there are ways to them, so they end it.
 */
export class Frontier {
  readonly #source: ObjectSource;
  readonly #waiting = new Map<Address, FrameObject>();
  readonly #queue = new TinyQueue<FrameObject>([], (one, other) =>
    one.height === other.height ? (one.address < other.address ? -1 : 1) : other.height - one.height,
  );

  constructor(source: ObjectSource) {
    this.#source = source;
  }

  get size(): number {
    return this.#queue.length;
  }

  /** @throws {ProblemError} where there is no such frame. */
  async add(addresses: readonly Address[]): Promise<void> {
    for (const address of addresses) {
      if (!this.#waiting.has(address)) this.put(await loadFrame(this.#source, address));
    }
  }

  /**
   * The parents of a frame that was taken.
   *
   * @throws {ProblemError} where one is not there; `bad-frame` where one is not below it.
   */
  async addParentsOf({ address, height, frame }: FrameObject): Promise<void> {
    for (const parent of frame.parents) {
      const found = this.#waiting.get(parent) ?? (await loadFrame(this.#source, parent));
      if (found.height >= height) {
        throw new ProblemError(
          objectProblem('bad-frame', address, 'It is not above its parents.', '/height'),
        );
      }
      this.put(found);
    }
  }

  /** The same of one that was read before. */
  put(frame: FrameObject): void {
    if (this.#waiting.has(frame.address)) return;
    this.#waiting.set(frame.address, frame);
    this.#queue.push(frame);
  }

  /** The highest frame; of several, that with the least address. */
  take(): FrameObject | undefined {
    const frame = this.#queue.pop();
    if (frame !== undefined) this.#waiting.delete(frame.address);
    return frame;
  }
}
