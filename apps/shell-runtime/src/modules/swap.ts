import { ErrorWindow } from './error-window.ts';
import type { Namespace } from './module-format.ts';
import { ModuleGraph } from './module-graph.ts';
import type { ModulePorts, SwapLimits } from './ports.ts';
import { defaultSwapLimits } from './ports.ts';
import type { Released } from './release.ts';
import type { ModuleChange, SwapResult } from './swap-result.ts';

/** A program that runs from modules, and whose modules can be replaced while it runs. */
export class LiveModules {
  readonly #graph: ModuleGraph;
  readonly #limits: SwapLimits;
  readonly #errors: ErrorWindow;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(ports: ModulePorts, limits: SwapLimits = defaultSwapLimits) {
    this.#graph = new ModuleGraph(ports);
    this.#limits = limits;
    this.#errors = new ErrorWindow(ports.health);
    this.#graph.onInvalidate = (record) => {
      void this.#enqueue(() => this.#run([], [record.resource])).then(ports.invalidated);
    };
  }

  /** Loads an entry with all that it statically imports, and evaluates nothing. */
  load(entry: string): Promise<void> {
    return this.#enqueue(() => this.#graph.loadTree(entry));
  }

  /**
   * Loads and evaluates an entry. Rejects with what its evaluation throws; a later swap may repair it.
   *
   * @param data what modules find as `hot.data`, by resource: what `release` gave, here or in another process.
   */
  start(entry: string, data: ReadonlyMap<string, Record<string, unknown>> = new Map()): Promise<Namespace> {
    return this.#enqueue(() => {
      for (const [resource, left] of data) this.#graph.data.set(resource, left);
      return this.#graph.start(entry);
    });
  }

  /** Takes everything out of service for good: disposed of, then pruned. */
  release(): Promise<Released> {
    return this.#enqueue(async () => {
      // A page has no next life to leave anything to.
      const { releaseAll } = await import('./release.ts');
      return releaseAll(this.#graph);
    });
  }

  /** Applies changes all together or not at all. Swaps run one after the other, in the order of the calls. */
  swap(changes: readonly ModuleChange[]): Promise<SwapResult> {
    return this.#enqueue(() => this.#run(changes, []));
  }

  /**
   * Says what `swap` is going to be called with, in the same turn of the event loop or soon after: the platform loads it
   * meanwhile. Nothing of it is evaluated.
   */
  foresee(changes: readonly ModuleChange[]): void {
    for (const change of changes) {
      const record = this.#graph.records.get(change.resource);
      const kept = [record?.current?.digest, record?.previous?.digest];
      if (change.op === 'put' && change.renamedFrom === undefined && !kept.includes(change.digest))
        this.#graph.foresee(change);
    }
  }

  /** Whether this resource was evaluated, so that a change of it concerns what runs. */
  runs(resource: string): boolean {
    return this.#graph.records.get(resource)?.instance !== undefined;
  }

  /** Digest of the version in place, for those that are loaded. */
  digestOf(resource: string): string | undefined {
    return this.#graph.records.get(resource)?.current?.digest;
  }

  /** Sends an event to those who listen with `hot.on`. */
  emit(event: string, payload: unknown): void {
    this.#graph.emit(event, payload);
  }

  /** Source that the platform keeps until the page or process ends, in UTF-16 units. */
  get retainedBytes(): number {
    return this.#graph.retainedBytes;
  }

  #enqueue<Value>(work: () => Promise<Value>): Promise<Value> {
    const run = this.#tail.then(work);
    this.#tail = run.catch(() => undefined);
    return run;
  }

  async #run(changes: readonly ModuleChange[], invalidated: readonly string[]): Promise<SwapResult> {
    // A program starts without it.
    const { runSwap } = await import('./run-swap.ts');
    return runSwap(this.#graph, this.#errors, this.#limits, changes, invalidated);
  }
}
