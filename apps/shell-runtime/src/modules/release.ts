import type { ModuleGraph } from './module-graph.ts';

export interface Released {
  /** What `hot.dispose` left, by resource, for whoever goes on in another page or process. */
  readonly data: ReadonlyMap<string, Record<string, unknown>>;
  /** Errors of dispose and prune handlers. */
  readonly warnings: readonly unknown[];
}

/**
 * Takes everything that runs out of service for good, importers before what they import. Each module is disposed of as in a
 * swap, and pruned, since no next evaluation here takes over what it kept.
 */
export const releaseAll = async (graph: ModuleGraph): Promise<Released> => {
  const warnings: unknown[] = [];
  const data = new Map(graph.data);
  const instances = [...graph.records.values()].map(({ instance }) => instance);
  for (const instance of instances.filter((one) => one !== undefined).toSorted((a, b) => b.order - a.order)) {
    const { record, hot } = instance;
    graph.setInstance(record, undefined);
    hot.close();
    for (const handler of [...hot.disposers, ...hot.pruners]) {
      try {
        await handler(hot.data);
      } catch (error) {
        warnings.push(error);
      }
    }
    data.set(record.resource, hot.data);
  }
  return { data, warnings };
};
