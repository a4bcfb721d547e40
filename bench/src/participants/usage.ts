import { Type } from 'typebox';

import { command } from './serve.ts';
import { trafficNow, watchTraffic } from './traffic.ts';

watchTraffic();

/** Commands that every measured server answers: what this process has cost so far. */
export const usage = {
  /** Microseconds of processor time. */
  cpu: command(Type.Object({}), () => {
    const { user, system } = process.cpuUsage();
    return { micros: user + system };
  }),
  /** Bytes that are held after a full collection, which needs Node's --expose-gc. */
  memory: command(Type.Object({}), async () => {
    for (let round = 0; round < 4; round += 1) {
      globalThis.gc?.();
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, heapUsed, external };
  }),
  /** Bytes that were allocated and not yet collected: what was allocated in between, where nothing was. */
  heap: command(Type.Object({}), () => {
    const { heapUsed, external } = process.memoryUsage();
    return { bytes: heapUsed + external };
  }),
  /** Bytes exchanged with those who have connected to this process. */
  traffic: command(Type.Object({}), trafficNow),
};

export const CpuSchema = Type.Object({ micros: Type.Number() });
export const HeapSchema = Type.Object({ bytes: Type.Number() });
export const MemorySchema = Type.Object({
  rss: Type.Number(),
  heapUsed: Type.Number(),
  external: Type.Number(),
});
