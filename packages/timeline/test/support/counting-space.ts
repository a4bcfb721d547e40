import { MemorySpace, type Address } from '../../src/index.ts';

/** A space in memory that counts what is read of it. */
export class CountingSpace extends MemorySpace {
  reads = 0;

  override get(address: Address): Uint8Array | undefined {
    this.reads += 1;
    return super.get(address);
  }

  /** How many objects are read while something is done. */
  async readsOf(task: () => Promise<unknown>): Promise<number> {
    const before = this.reads;
    await task();
    return this.reads - before;
  }
}
