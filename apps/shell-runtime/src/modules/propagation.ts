import type { ModuleInstance, ModuleRecord } from './module-record.ts';

/** Who takes in a change: `acceptor` runs its callbacks for `via`, which is itself where a module accepts itself. */
export interface Boundary {
  readonly acceptor: ModuleInstance;
  readonly via: ModuleRecord;
}

export type Propagation =
  /** `outdated` are all records to be evaluated again: the changed ones and those between them and the acceptors. */
  | {
      readonly ok: true;
      readonly boundaries: readonly Boundary[];
      readonly outdated: ReadonlySet<ModuleRecord>;
    }
  /** The way up from a changed module on which nobody accepts, changed module first. */
  | { readonly ok: false; readonly chain: readonly string[] };

/**
 * Finds the nearest accepting importers of changed modules, by the rules of Vite: self-acceptance ends the way up; an
 * importer that accepts this dependency ends it there; `acceptExports` ends it towards importers that bind none but
 * these names; whoever has nobody left to ask is a dead end.
 *
 * @param invalidated Records that gave up their own change: their importers are asked, they themselves stay.
 */
export const propagate = (
  changed: Iterable<ModuleRecord>,
  invalidated: Iterable<ModuleRecord> = [],
): Propagation => {
  const outdated = new Set<ModuleRecord>();
  const boundaries: Boundary[] = [];
  const accept = (acceptor: ModuleInstance, via: ModuleRecord): void =>
    void boundaries.push({ acceptor, via });

  /** Returns the chain that ends without an acceptor, or undefined. */
  const climb = (record: ModuleRecord, chain: readonly string[]): readonly string[] | undefined => {
    const { instance } = record;
    if (instance === undefined || outdated.has(record)) return undefined;
    outdated.add(record);
    // A root that never came up has no namespace in anyone's hands: it is simply tried again.
    if (instance.hot.selfAccepted || (instance.state === 'failed' && record.root)) {
      accept(instance, record);
      return undefined;
    }
    // What its own importers leave unused is accepted by the module itself.
    if (instance.hot.acceptedExports !== undefined) accept(instance, record);
    else if (record.root || (record.importers.size === 0 && instance.state !== 'failed')) return chain;
    return climbImporters(record, instance, chain);
  };

  const climbImporters = (
    record: ModuleRecord,
    instance: ModuleInstance,
    chain: readonly string[],
  ): readonly string[] | undefined => {
    for (const importer of record.importers) {
      const above = importer.instance;
      if (above === undefined) continue;
      // Whoever runs although this one failed caught a failing import(), and has nothing of it.
      if (instance.state === 'failed' && above.state === 'evaluated') continue;
      if (above.hot.acceptedDependencies.some(({ dependencies }) => dependencies.includes(record.resource))) {
        accept(above, record);
        continue;
      }
      if (bindsOnly(above, record, instance.hot.acceptedExports)) continue;
      const dead = climb(importer, [...chain, importer.resource]);
      if (dead !== undefined) return dead;
    }
    return undefined;
  };

  for (const record of changed) {
    const dead = climb(record, [record.resource]);
    if (dead !== undefined) return { ok: false, chain: dead };
  }
  for (const record of invalidated) {
    const { instance } = record;
    if (instance === undefined) continue;
    if (record.root || record.importers.size === 0) return { ok: false, chain: [record.resource] };
    const dead = climbImporters(record, instance, [record.resource]);
    if (dead !== undefined) return { ok: false, chain: dead };
  }
  return { ok: true, boundaries, outdated };
};

const bindsOnly = (
  importer: ModuleInstance,
  record: ModuleRecord,
  accepted: ReadonlySet<string> | undefined,
): boolean => {
  const bound = importer.bindings.get(record);
  return (
    accepted !== undefined &&
    bound !== undefined &&
    bound !== 'all' &&
    [...bound].every((name) => accepted.has(name))
  );
};
