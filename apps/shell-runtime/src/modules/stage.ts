import { staticResources, type ModuleGraph } from './module-graph.ts';
import type { ModuleRecord, ModuleVersion } from './module-record.ts';
import { SwapError, type ModuleChange } from './swap-result.ts';

/** What a swap will put in place, with every factory loaded and nothing evaluated. */
export interface Staged {
  /** Versions that differ from the one in place. */
  readonly versions: ReadonlyMap<ModuleRecord, ModuleVersion>;
  readonly deleted: ReadonlySet<ModuleRecord>;
  /** New name to old. */
  readonly renamed: ReadonlyMap<ModuleRecord, ModuleRecord>;
}

/** Loads all that changes need. Throws a {@link SwapError} at `load` or `unaccepted`, having touched nothing that runs. */
export const stageChanges = async (graph: ModuleGraph, changes: readonly ModuleChange[]): Promise<Staged> => {
  const versions = new Map<ModuleRecord, ModuleVersion>();
  const deleted = new Set<ModuleRecord>();
  const renamed = new Map<ModuleRecord, ModuleRecord>();

  await Promise.all(
    changes.map(async (change) => {
      const record = graph.record(change.resource);
      if (change.op === 'delete') {
        deleted.add(record);
        return;
      }
      if (change.renamedFrom !== undefined) {
        const former = graph.record(change.renamedFrom);
        deleted.add(former);
        renamed.set(record, former);
      }
      if (record.current?.digest === change.digest) return;
      const kept = [record.previous, graph.records.get(change.renamedFrom ?? '')?.current];
      const version =
        kept.find((candidate) => candidate?.digest === change.digest) ??
        (await graph.loadVersion(change).catch((cause: unknown) => {
          throw new SwapError('load', `${change.resource} cannot be loaded.`, { cause });
        }));
      versions.set(record, version);
    }),
  );
  for (const record of versions.keys()) deleted.delete(record);

  await loadNewImports(graph, versions, deleted);
  refuseDangling(versions, deleted);
  return { versions, deleted, renamed };
};

/** New versions may import files that nobody imported before. */
const loadNewImports = async (
  graph: ModuleGraph,
  versions: ReadonlyMap<ModuleRecord, ModuleVersion>,
  deleted: ReadonlySet<ModuleRecord>,
): Promise<void> => {
  // Staged and deleted records are not to be asked for at the port, which knows the state before the swap.
  const seen = new Set<string>();
  for (const record of [...versions.keys(), ...deleted]) seen.add(record.resource);
  await Promise.all(
    [...versions].map(async ([record, version]) => {
      for (const resource of staticResources(version)) {
        if (deleted.has(graph.record(resource))) {
          throw new SwapError('load', `${record.resource} imports ${resource}, which is deleted.`);
        }
      }
      await graph.loadImports(version, seen).catch((cause: unknown) => {
        throw new SwapError('load', `An import of ${record.resource} cannot be loaded.`, { cause });
      });
    }),
  );
};

/** What goes must not be imported by anything that stays as it is. */
const refuseDangling = (
  versions: ReadonlyMap<ModuleRecord, ModuleVersion>,
  deleted: ReadonlySet<ModuleRecord>,
): void => {
  for (const record of deleted) {
    if (record.root) {
      throw new SwapError('unaccepted', `${record.resource} is an entry.`, { chain: [record.resource] });
    }
    for (const importer of record.importers) {
      if (deleted.has(importer) || versions.has(importer)) continue;
      // Computed imports are no promise that the file stays.
      if (!Object.values(importer.current?.imports ?? {}).includes(record.resource)) continue;
      throw new SwapError('load', `${importer.resource} still imports ${record.resource}, which is deleted.`);
    }
  }
};
