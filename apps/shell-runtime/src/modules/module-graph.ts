import { HotContext } from './hot-context.ts';
import {
  isCode,
  type ImportedNames,
  type LoadedModule,
  type ModuleSource,
  type Namespace,
} from './module-format.ts';
import {
  createNamespace,
  createRecord,
  exportAll,
  type ModuleInstance,
  type ModuleRecord,
  type ModuleVersion,
} from './module-record.ts';
import type { ModulePorts } from './ports.ts';
import { resolveAtRuntime } from './resolve-at-runtime.ts';

type Listener = (payload: unknown) => void;

/**
 * The registry of modules: loads factories, links and evaluates them, one instance for each resource. Replacing
 * versions is the work of `swap.ts`.
 */
export class ModuleGraph {
  readonly ports: ModulePorts;
  readonly records = new Map<string, ModuleRecord>();
  /** Sum of sources that the platform keeps for good, in UTF-16 units. */
  retainedBytes = 0;
  /** @internal Data that the next instance of a resource starts with. */
  readonly data = new Map<string, Record<string, unknown>>();
  /** @internal Told of each instance made while a swap is under way. */
  onInstance: ((instance: ModuleInstance) => void) | undefined;
  /** @internal Told when a module gives up its own change. */
  onInvalidate: ((record: ModuleRecord, message: string | undefined) => void) | undefined;

  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #foreseen = new Map<string, Promise<LoadedModule>>();
  readonly #externals = new Map<string, Namespace | Promise<Namespace>>();
  readonly #owners = new WeakMap<Namespace, ModuleInstance>();
  #finished = 0;

  constructor(ports: ModulePorts) {
    this.ports = ports;
  }

  /** Loads an entry with all that it imports, and evaluates it. Rejects with what its evaluation throws. */
  async start(entry: string): Promise<Namespace> {
    const record = this.record(entry);
    record.root = true;
    await this.loadTree(entry);
    return this.evaluated(record, undefined);
  }

  /** Calls what modules registered with `hot.on`. A listener that throws does not keep the others from hearing. */
  emit(event: string, payload: unknown): readonly unknown[] {
    const errors: unknown[] = [];
    for (const listener of Array.from(this.#listeners.get(event) ?? [])) {
      try {
        listener(payload);
      } catch (error) {
        errors.push(error);
      }
    }
    return errors;
  }

  record(resource: string): ModuleRecord {
    let record = this.records.get(resource);
    if (record === undefined) this.records.set(resource, (record = createRecord(resource)));
    return record;
  }

  /** Loads a resource and, side by side, everything that it statically imports and that is not loaded yet. */
  async loadTree(resource: string, seen = new Set<string>()): Promise<void> {
    if (seen.has(resource)) return;
    seen.add(resource);
    const record = this.record(resource);
    if (record.current === undefined) await (record.loading ??= this.#load(record));
    if (record.current !== undefined) await this.loadImports(record.current, seen);
  }

  /** Loads what a version statically imports. */
  async loadImports(version: ModuleVersion, seen: Set<string>): Promise<void> {
    const missing = staticResources(version).filter(
      (resource) => this.records.get(resource)?.current === undefined,
    );
    if (missing.length > 0) await Promise.all(missing.map((resource) => this.loadTree(resource, seen)));
  }

  /** Begins to load code that is about to be swapped in; `loadVersion` takes it from there. */
  foresee(source: ModuleSource): void {
    if (!isCode(source.resource) || this.#foreseen.has(source.digest)) return;
    const loading = this.ports.evaluator.load(source);
    // Whoever takes it hears why it failed.
    loading.catch(() => undefined);
    this.#foreseen.set(source.digest, loading);
  }

  /** Lets go of what was foreseen in vain. */
  forgetForeseen(): void {
    this.#foreseen.clear();
  }

  /** Asks the right port for a factory. */
  async loadVersion(source: ModuleSource): Promise<ModuleVersion> {
    const { evaluator } = this.ports;
    const foreseen = this.#foreseen.get(source.digest);
    const loaded = await (foreseen ??
      (isCode(source.resource) ? evaluator.load(source) : this.ports.foreign(source)));
    this.retainedBytes += loaded.retainedBytes;
    return { ...loaded, digest: source.digest };
  }

  /** @internal The namespace of a record, evaluated now if it was not yet. Synchronous where nothing is left to do. */
  evaluated(record: ModuleRecord, importer: ModuleInstance | undefined): Namespace | Promise<Namespace> {
    const { instance } = record;
    if (instance?.state === 'evaluated') return instance.namespace;
    return this.#evaluate(record, importer);
  }

  /** @internal Puts an instance in its record's place, and moves the edges to what it imports. */
  setInstance(record: ModuleRecord, instance: ModuleInstance | undefined): void {
    for (const target of record.instance?.bindings.keys() ?? []) target.importers.delete(record);
    record.instance = instance;
    for (const target of instance?.bindings.keys() ?? []) target.importers.add(record);
  }

  async #load(record: ModuleRecord): Promise<void> {
    try {
      const source = await this.ports.find(record.resource);
      if (source === undefined) throw new Error(`There is no module ${record.resource}.`);
      const version = await this.loadVersion(source);
      // A swap that ended meanwhile brought a newer one.
      record.current ??= version;
    } finally {
      record.loading = undefined;
    }
  }

  async #evaluate(record: ModuleRecord, importer: ModuleInstance | undefined): Promise<Namespace> {
    if (record.current === undefined) await this.loadTree(record.resource);
    const instance = record.instance ?? this.#begin(record);
    if (instance.state === 'evaluating' && importer !== undefined) {
      // Whoever closes a cycle gets what is defined so far, as with native modules; waiting would never end.
      if (waitsFor(instance, importer)) return instance.namespace;
      importer.waitingFor.add(instance);
      await instance.done;
      importer.waitingFor.delete(instance);
    } else {
      await instance.done;
    }
    if (instance.state === 'failed') throw instance.error;
    return instance.namespace;
  }

  #begin(record: ModuleRecord): ModuleInstance {
    const version = record.current;
    if (version === undefined) throw new Error(`There is no module ${record.resource}.`);
    const data = this.data.get(record.resource) ?? {};
    const hot: HotContext = new HotContext(
      {
        resolve: (specifier) => resolveAtRuntime(record.resource, version.imports, specifier, true),
        invalidate: (message) => this.onInvalidate?.(record, message),
        send: (event, payload) => this.ports.send(event, payload),
        listen: (event, listener) => this.#listen(event, listener),
        unlisten: (event, listener) => void this.#listeners.get(event)?.delete(listener),
        save: async (resource, text) => this.ports.save?.(resource, text) ?? { outcome: 'refused' },
        source: async (resource) => this.ports.source?.(resource),
      },
      data,
    );
    const instance: ModuleInstance = {
      record,
      version,
      namespace: createNamespace(),
      hot,
      state: 'evaluating',
      error: undefined,
      done: undefined,
      order: Number.POSITIVE_INFINITY,
      waitingFor: new Set(),
      bindings: new Map(),
      pendingStars: [],
    };
    for (const target of Object.values(version.imports)) {
      if (target.startsWith('/')) instance.bindings.set(this.record(target), new Set());
    }
    this.#owners.set(instance.namespace, instance);
    this.setInstance(record, instance);
    this.onInstance?.(instance);
    instance.done = this.#run(instance);
    return instance;
  }

  async #run(instance: ModuleInstance): Promise<void> {
    const { namespace, version, record } = instance;
    try {
      await version.factory(
        namespace,
        Object.assign(this.ports.evaluator.meta(record.resource), { hot: instance.hot }),
        (specifier, names) => this.#import(instance, specifier, names),
        async (specifier) => this.#import(instance, specifier, undefined),
        (source) => {
          exportAll(namespace, source);
          const owner = this.#owners.get(source);
          if (owner?.state === 'evaluating') owner.pendingStars.push(namespace);
        },
      );
      instance.state = 'evaluated';
    } catch (error) {
      instance.state = 'failed';
      instance.error = error;
    }
    instance.order = ++this.#finished;
    for (const target of instance.pendingStars.splice(0)) exportAll(target, namespace);
  }

  #import(
    importer: ModuleInstance,
    specifier: string,
    names: ImportedNames | undefined,
  ): Namespace | Promise<Namespace> {
    const target = resolveAtRuntime(importer.record.resource, importer.version.imports, specifier, false);
    if (!target.startsWith('/')) return this.#external(target);
    const record = this.record(target);
    bind(importer, record, names);
    if (importer.record.instance === importer) record.importers.add(importer.record);
    const evaluated = this.evaluated(record, importer);
    if (names?.importedNames === undefined) return evaluated;
    const checked = (namespace: Namespace): Namespace => {
      this.#requireNames(record, namespace, names.importedNames ?? []);
      return namespace;
    };
    return evaluated instanceof Promise ? evaluated.then(checked) : checked(evaluated);
  }

  /** Throws as an engine does when it links; names that a cycle may still bring are not missing yet. */
  #requireNames(record: ModuleRecord, namespace: Namespace, names: readonly string[]): void {
    if (record.instance?.state !== 'evaluated') return;
    const missing = names.find((name) => !(name in namespace));
    if (missing === undefined) return;
    for (const { instance } of this.records.values()) if (instance?.pendingStars.includes(namespace)) return;
    throw new SyntaxError(
      `The requested module '${record.resource}' does not provide an export named '${missing}'`,
    );
  }

  #external(specifier: string): Namespace | Promise<Namespace> {
    const known = this.#externals.get(specifier);
    if (known !== undefined) return known;
    const pending = this.ports.external(specifier).then(
      (namespace) => {
        this.#externals.set(specifier, namespace);
        return namespace;
      },
      (error: unknown) => {
        this.#externals.delete(specifier);
        throw error;
      },
    );
    this.#externals.set(specifier, pending);
    return pending;
  }

  #listen(event: string, listener: Listener): void {
    let listeners = this.#listeners.get(event);
    if (listeners === undefined) this.#listeners.set(event, (listeners = new Set()));
    listeners.add(listener);
  }
}

/** Resources that a version imports statically. */
export const staticResources = (version: ModuleVersion): string[] =>
  Object.entries(version.imports)
    .filter(([specifier, target]) => target.startsWith('/') && !version.dynamicImports.includes(specifier))
    .map(([, target]) => target);

const bind = (importer: ModuleInstance, record: ModuleRecord, names: ImportedNames | undefined): void => {
  const bound = importer.bindings.get(record);
  if (bound === 'all') return;
  if (names?.importedNames === undefined) importer.bindings.set(record, 'all');
  else importer.bindings.set(record, new Set([...(bound ?? []), ...names.importedNames]));
};

const waitsFor = (
  instance: ModuleInstance,
  goal: ModuleInstance,
  seen = new Set<ModuleInstance>(),
): boolean => {
  if (instance === goal) return true;
  if (seen.has(instance)) return false;
  seen.add(instance);
  for (const next of instance.waitingFor) if (waitsFor(next, goal, seen)) return true;
  return false;
};
