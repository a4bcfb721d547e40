import type { ErrorWindow } from './error-window.ts';
import type { Namespace } from './module-format.ts';
import type { ModuleGraph } from './module-graph.ts';
import type { ModuleInstance, ModuleRecord, ModuleVersion } from './module-record.ts';
import type { SwapLimits } from './ports.ts';
import { propagate, type Boundary } from './propagation.ts';
import type { Staged } from './stage.ts';
import { SwapError } from './swap-result.ts';

interface Former {
  readonly instance: ModuleInstance | undefined;
  readonly current: ModuleVersion | undefined;
}

/**
 * One swap under way: dispose, evaluate, accept, check; then `commit`, or `restore` at whatever point it failed. Old
 * instances and versions are in `#former` until then, and let go of afterwards.
 */
export class Transaction {
  readonly warnings: unknown[] = [];
  readonly #graph: ModuleGraph;
  readonly #errors: ErrorWindow;
  readonly #limits: SwapLimits;
  readonly #former = new Map<ModuleRecord, Former>();
  readonly #created: ModuleInstance[] = [];
  readonly #boundaries: Boundary[] = [];
  readonly #invalidated = new Set<ModuleRecord>();
  #staged: Staged = { versions: new Map(), deleted: new Set(), renamed: new Map() };
  #touched = false;

  constructor(graph: ModuleGraph, errors: ErrorWindow, limits: SwapLimits) {
    this.#graph = graph;
    this.#errors = errors;
    this.#limits = limits;
  }

  /** Rejects with a {@link SwapError}; `restore` has to follow then. */
  async apply(staged: Staged, invalidated: readonly ModuleRecord[]): Promise<void> {
    this.#staged = staged;
    const pending = evaluatingAbove(staged.versions.keys());
    // Only then is known what they accept. What hangs is taken as it is: most likely nobody accepts for it.
    if (pending.length > 0) await this.#limited(() => Promise.all(pending)).catch(() => undefined);
    const plan = propagate(staged.versions.keys(), invalidated);
    if (!plan.ok) throw unaccepted(plan.chain);
    this.#touched = true;
    this.#errors.open(digestsOf([...plan.outdated, ...staged.deleted]));
    this.#graph.onInstance = (instance) => void this.#created.push(instance);
    const gaveUp: ModuleRecord[] = [];
    this.#graph.onInvalidate = (record) => {
      // Once per swap, or two modules could send each other round for ever.
      if (!this.#invalidated.has(record)) gaveUp.push(record);
      this.#invalidated.add(record);
    };

    await this.#limited(async (inTime) => {
      this.#emit('vite:beforeUpdate', plan.boundaries);
      await this.#dispose([...plan.outdated, ...staged.deleted], inTime);
      this.#rename(staged.renamed);
      for (const [record, version] of staged.versions) this.#replace(record, version);
      await this.#takeIn(plan.boundaries, inTime);
      while (gaveUp.length > 0) {
        const wider = propagate([], gaveUp.splice(0));
        if (!wider.ok) throw unaccepted(wider.chain);
        await this.#dispose([...wider.outdated], inTime);
        await this.#takeIn(wider.boundaries, inTime);
      }
    });
    // Nothing that runs was concerned, so there is nothing that could be ill.
    if (this.#created.length === 0 && this.#boundaries.length === 0) return;
    await this.#checkHealth();
  }

  /** Lets the old versions go. */
  commit(): { updated: string[]; pruned: string[]; warnings: readonly unknown[] } {
    const { deleted } = this.#staged;
    const pruned: string[] = [];
    this.#finish();
    for (const [record, { instance, current }] of this.#former) {
      if (current !== record.current) record.previous = current;
      if (instance === undefined) continue;
      if (record.instance === undefined && (deleted.has(record) || isUnused(record))) {
        this.#graph.data.delete(record.resource);
        this.#pruned(instance, pruned);
      }
      for (const target of instance.bindings.keys()) this.#prune(target, pruned);
    }
    for (const record of deleted) this.#graph.records.delete(record.resource);
    if (pruned.length > 0) this.#warn(this.#graph.emit('vite:beforePrune', { type: 'prune', paths: pruned }));
    const updated = this.#created
      .filter(
        ({ state, record, namespace }) => state === 'evaluated' && record.instance?.namespace === namespace,
      )
      .toSorted((a, b) => a.order - b.order)
      .map(({ record }) => record.resource);
    this.#emit('vite:afterUpdate', this.#boundaries);
    return { updated, pruned, warnings: this.warnings };
  }

  /** Brings everything back as it was, evaluating the old factories again with the data that they left. */
  async restore(): Promise<{ restored: boolean; restoreError: unknown }> {
    if (!this.#touched) return { restored: true, restoreError: undefined };
    const graph = this.#graph;
    graph.onInvalidate = undefined;
    graph.onInstance = undefined;
    this.#errors.close();
    try {
      await this.#limited(async (inTime) => {
        for (const instance of this.#created.toSorted((a, b) => b.order - a.order)) {
          if (instance.record.instance !== instance) continue;
          graph.setInstance(instance.record, undefined);
          await this.#retire(instance);
          inTime();
        }
        for (const { resource } of this.#staged.renamed.keys()) graph.data.delete(resource);
        for (const [record, { instance, current }] of this.#former) {
          record.current = current;
          if (instance !== undefined) graph.data.set(record.resource, instance.hot.data);
        }
        const standing = this.#boundaries.filter(({ acceptor }) => !this.#created.includes(acceptor));
        for (const { via } of this.#inOrder(this.#boundaries)) {
          await graph.evaluated(via, undefined);
          inTime();
        }
        await this.#accept(standing, inTime);
      });
      return { restored: true, restoreError: undefined };
    } catch (error) {
      return { restored: false, restoreError: error instanceof SwapError ? (error.cause ?? error) : error };
    } finally {
      this.#finish();
    }
  }

  #finish(): void {
    const { data, records } = this.#graph;
    // Left for those that are imported again later, on demand.
    for (const resource of data.keys())
      if (records.get(resource)?.instance !== undefined) data.delete(resource);
    this.#graph.onInstance = undefined;
    this.#errors.close();
  }

  /** Takes instances out of service, importers before what they import. */
  async #dispose(records: readonly ModuleRecord[], inTime: () => void): Promise<void> {
    const { data } = this.#graph;
    const instances = records.map(({ instance }) => instance).filter((instance) => instance !== undefined);
    for (const instance of instances.toSorted((a, b) => b.order - a.order)) {
      const { record } = instance;
      if (!this.#former.has(record)) this.#former.set(record, { instance, current: record.current });
      this.#graph.setInstance(record, undefined);
      await this.#retire(instance);
      inTime();
      // A copy, so that what the new version does to it is not what the old one gets back.
      data.set(record.resource, { ...instance.hot.data });
    }
  }

  /** Hands data on to the new names; taken from all before given to any, for two files may take each other's names. */
  #rename(renamed: Staged['renamed']): void {
    const { data } = this.#graph;
    const left = [...renamed].map(([record, former]) => ({
      to: record.resource,
      data: data.get(former.resource),
    }));
    for (const { to, data: kept } of left) if (kept !== undefined) data.set(to, kept);
  }

  #replace(record: ModuleRecord, version: ModuleVersion): void {
    if (!this.#former.has(record)) this.#former.set(record, { instance: undefined, current: record.current });
    record.current = version;
  }

  /** Evaluates what the boundaries wait for, and tells them. */
  async #takeIn(boundaries: readonly Boundary[], inTime: () => void): Promise<void> {
    this.#boundaries.push(...boundaries);
    for (const { via } of this.#inOrder(boundaries)) {
      try {
        await this.#graph.evaluated(via, undefined);
      } catch (cause) {
        throw new SwapError('evaluate', `${via.resource} failed while it was evaluated.`, { cause });
      }
      inTime();
    }
    await this.#accept(boundaries, inTime);
  }

  /** Boundaries whose acceptor still stands or accepts itself, in the order in which their modules were evaluated. */
  #inOrder(boundaries: readonly Boundary[]): Boundary[] {
    const orderOf = ({ via }: Boundary): number => this.#former.get(via)?.instance?.order ?? 0;
    return boundaries
      .filter(({ acceptor, via }) => acceptor.record === via || !this.#former.has(acceptor.record))
      .toSorted((a, b) => orderOf(a) - orderOf(b));
  }

  async #accept(boundaries: readonly Boundary[], inTime: () => void): Promise<void> {
    const fresh = new Map<ModuleInstance, Set<string>>();
    for (const { acceptor, via } of this.#inOrder(boundaries)) {
      if (acceptor.record === via) {
        for (const callback of acceptor.hot.selfCallbacks) {
          await acceptedBy(acceptor, () => callback(this.#new(via)));
          inTime();
        }
        continue;
      }
      const resources = fresh.get(acceptor);
      if (resources === undefined) fresh.set(acceptor, new Set([via.resource]));
      else resources.add(via.resource);
    }
    for (const [acceptor, resources] of fresh) {
      for (const { dependencies, callback } of acceptor.hot.acceptedDependencies) {
        if (!dependencies.some((dependency) => resources.has(dependency))) continue;
        const modules = dependencies.map((dependency) =>
          resources.has(dependency) ? this.#new(this.#graph.record(dependency)) : undefined,
        );
        await acceptedBy(acceptor, () => callback(modules));
        inTime();
      }
    }
  }

  #new(record: ModuleRecord): Namespace | undefined {
    return record.instance?.namespace;
  }

  async #checkHealth(): Promise<void> {
    const { health } = this.#graph.ports;
    this.#failOnError();
    await health.nextFrame();
    this.#failOnError();
    const checks = [...this.#graph.records.values()].flatMap(
      ({ instance }) => instance?.hot.healthChecks ?? [],
    );
    if (checks.length === 0) return;
    await this.#limited(async () => {
      for (const check of checks) {
        try {
          const verdict = check();
          const healthy = isThenable(verdict) ? await verdict : verdict;
          if (healthy === false) throw new Error('A health check of the app said no.');
        } catch (cause) {
          throw new SwapError('health', 'A health check of the app failed.', { cause });
        }
      }
    });
    this.#failOnError();
  }

  #failOnError(): void {
    const found = this.#errors.first;
    if (found === undefined) return;
    throw new SwapError('health', 'An error that nobody caught.', { cause: found.error });
  }

  #prune(record: ModuleRecord, pruned: string[]): void {
    const { instance } = record;
    if (instance === undefined || !isUnused(record)) return;
    this.#graph.setInstance(record, undefined);
    void this.#retire(instance);
    this.#pruned(instance, pruned);
    for (const target of instance.bindings.keys()) this.#prune(target, pruned);
  }

  #pruned({ record, hot }: ModuleInstance, pruned: string[]): void {
    pruned.push(record.resource);
    for (const callback of hot.pruners) {
      try {
        callback(hot.data);
      } catch (error) {
        this.warnings.push(error);
      }
    }
  }

  /** Disposers may return a promise, which is waited for. Their errors must not keep a repair from coming in. */
  async #retire({ hot }: ModuleInstance): Promise<void> {
    hot.close();
    for (const disposer of hot.disposers) {
      try {
        const pending = disposer(hot.data);
        if (isThenable(pending)) await pending;
      } catch (error) {
        this.warnings.push(error);
      }
    }
  }

  #emit(event: string, boundaries: readonly Boundary[]): void {
    if (boundaries.length === 0) return;
    const updates = boundaries.map(({ acceptor, via }) => ({
      type: 'js-update',
      path: acceptor.record.resource,
      acceptedPath: via.resource,
    }));
    this.#warn(this.#graph.emit(event, { type: 'update', updates }));
  }

  #warn(errors: readonly unknown[]): void {
    this.warnings.push(...errors);
  }

  /** @param work calls `inTime` after each wait; it throws once the time is over, so that late work changes nothing. */
  async #limited(work: (inTime: () => void) => Promise<unknown>): Promise<void> {
    const { settleMs } = this.#limits;
    let over: SwapError | undefined;
    let cancel: (() => void) | undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = this.#graph.ports.health.after(settleMs, () => {
        over = new SwapError('timeout', `Not settled within ${settleMs} ms.`);
        reject(over);
      });
    });
    const inTime = (): void => {
      if (over !== undefined) throw over;
    };
    try {
      await Promise.race([work(inTime), late]);
    } finally {
      cancel?.();
    }
  }
}

/** What is being evaluated among records and all that import them. */
const evaluatingAbove = (records: Iterable<ModuleRecord>): Promise<void>[] => {
  const seen = new Set(records);
  const pending: Promise<void>[] = [];
  for (const { instance, importers } of seen) {
    if (instance?.state === 'evaluating' && instance.done !== undefined) pending.push(instance.done);
    // A set that is walked takes in what is added meanwhile.
    for (const importer of importers) seen.add(importer);
  }
  return pending;
};

const acceptedBy = async (acceptor: ModuleInstance, call: () => unknown): Promise<void> => {
  try {
    const pending = call();
    if (isThenable(pending)) await pending;
  } catch (cause) {
    throw new SwapError('accept', `${acceptor.record.resource} failed to accept.`, { cause });
  }
};

const isUnused = (record: ModuleRecord): boolean => !record.root && record.importers.size === 0;

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

const unaccepted = (chain: readonly string[]): SwapError =>
  new SwapError('unaccepted', `Nobody accepts the change: ${chain.join(' <- ')}.`, { chain });

const digestsOf = (records: readonly ModuleRecord[]): Set<string> =>
  new Set(records.map(({ instance }) => instance?.version.digest).filter((digest) => digest !== undefined));
