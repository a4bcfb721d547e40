import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import {
  append,
  loadFrame,
  makeGenesis,
  MemorySpace,
  receive,
  walk,
  type Address,
  type FrameObject,
} from '@cd-push/timeline';

let made = 0;

/** A timeline in memory of so many frames, which grows by what is measured on it. */
export class LongHistory {
  readonly #space = new MemorySpace();
  #tip: FrameObject;

  private constructor(first: FrameObject) {
    this.#tip = first;
  }

  /** Each is another one: what was read before is known by its address. */
  static async of(height: number): Promise<LongHistory> {
    made += 1;
    const genesis = await makeGenesis({ document: String(made) });
    const history = new LongHistory(genesis);
    history.#put(genesis, undefined);
    while (history.#tip.height < height) await history.#append();
    return history;
  }

  get height(): number {
    return this.#tip.height;
  }

  /** One save as whoever receives it takes it in: the frame is made, checked, and the tip is moved to it. */
  async save(): Promise<void> {
    const { address, timeline } = this.#tip;
    const next = await append(await loadFrame(this.#space, address), { data: { n: this.height } });
    const received = await receive(this.#space, [next], [{ timeline, from: address, to: next.address }]);
    if (!received.ok) throw new Error(`A save was refused: ${received.problem.kind}.`);
    this.#tip = next;
  }

  /** Walks back to the first frame. @returns bytes by which the heap has grown at most meanwhile */
  async walk(): Promise<number> {
    setFlagsFromString('--expose-gc');
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that is what the flag makes of the name
    const collect = runInNewContext('gc') as () => void;
    const heap: number[] = [];
    const every = Math.max(1, Math.ceil(this.height / 10));
    let walked = 0;
    for await (const frame of walk(this.#space, [this.#tip.address])) {
      walked += 1;
      if (frame.height % every !== 0) continue;
      collect();
      heap.push(process.memoryUsage().heapUsed);
    }
    if (walked !== this.height + 1) throw new Error(`${walked} frames of ${this.height + 1} were walked.`);
    // What a walk holds anyway is there after its first part.
    const [, ...later] = heap;
    return Math.max(...later) - Math.min(...later);
  }

  async #append(): Promise<void> {
    const before = this.#tip.address;
    this.#put(await append(this.#tip, { data: { n: this.height } }), before);
  }

  #put(frame: FrameObject, from: Address | undefined): void {
    this.#space.commit({ objects: [frame], swaps: [{ timeline: frame.timeline, from, to: frame.address }] });
    this.#tip = frame;
  }
}
