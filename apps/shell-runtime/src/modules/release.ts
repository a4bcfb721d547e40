import type { ModuleGraph } from './module-graph.ts';

export interface Released {
  /** What `hot.dispose` left, by resource; the next evaluation of each finds it as `hot.data`. */
  readonly data: ReadonlyMap<string, Record<string, unknown>>;
  /** Errors of dispose handlers. */
  readonly warnings: readonly unknown[];
}

/**
 * Takes everything that runs out of service, importers before what they import, as for a swap of all modules at once.
 * Starting the entry again brings it back.
 */
export const releaseAll = async (graph: ModuleGraph): Promise<Released> => {
  const warnings: unknown[] = [];
  const instances = [...graph.records.values()].map(({ instance }) => instance);
  for (const instance of instances.filter((one) => one !== undefined).toSorted((a, b) => b.order - a.order)) {
    const { record, hot } = instance;
    graph.setInstance(record, undefined);
    hot.close();
    for (const disposer of hot.disposers) {
      try {
        await disposer(hot.data);
      } catch (error) {
        warnings.push(error);
      }
    }
    graph.data.set(record.resource, { ...hot.data });
  }
  return { data: new Map(graph.data), warnings };
};
