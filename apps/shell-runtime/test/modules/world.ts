import { foreignModule } from '../../src/modules/foreign-modules.ts';
import { loadedModuleOf } from '../../src/modules/loaded-module.ts';
import type { ModuleSource, Namespace } from '../../src/modules/module-format.ts';
import { defaultSwapLimits, type HealthPort, type SwapLimits } from '../../src/modules/ports.ts';
import { LiveModules } from '../../src/modules/swap.ts';
import type { ModuleChange, SwapResult } from '../../src/modules/swap-result.ts';
import { contentOf, digested } from './content.ts';

/** Where modules under test write what happens to them; reached as `log` through the bare import 'world'. */
type Log = unknown[];

interface Timer {
  readonly milliseconds: number;
  readonly callback: () => void;
}

/** Time stands still, and frames pass at once unless one is held; uncaught errors are thrown by hand. */
class FakeHealth implements HealthPort {
  readonly timers = new Set<Timer>();
  readonly observers = new Set<(error: unknown) => void>();
  readonly monitors = new Set<(error: unknown) => void>();
  /** Called while the frame after a swap passes. */
  onFrame: () => void = () => undefined;

  observe(onError: (error: unknown) => void): () => void {
    this.observers.add(onError);
    return () => this.observers.delete(onError);
  }
  monitor(onError: (error: unknown) => void): void {
    this.monitors.add(onError);
  }
  nextFrame(): Promise<void> {
    this.onFrame();
    return Promise.resolve();
  }
  after(milliseconds: number, callback: () => void): () => void {
    const timer = { milliseconds, callback };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }
  uncaught(error: unknown): void {
    for (const listener of [...this.monitors, ...this.observers]) listener(error);
  }
  timeOut(): void {
    for (const { callback } of Array.from(this.timers)) callback();
  }
}

/** A program in memory: its files, its running modules, and what they logged. */
export class World {
  readonly log: Log = [];
  readonly health = new FakeHealth();
  readonly files = new Map<string, ModuleSource>();
  readonly sent: [string, unknown][] = [];
  readonly invalidations: SwapResult[] = [];
  readonly styles = new Map<string, string>();
  /** Every resource whose factory was loaded, once for each load. */
  readonly loads: string[] = [];
  readonly externals: string[] = [];
  /** What answers about files wait for, after they were looked up. */
  finding: Promise<void> | undefined;
  readonly modules: LiveModules;

  constructor(files: Record<string, string>, limits: Partial<SwapLimits> = {}) {
    for (const [name, text] of Object.entries(files)) this.files.set(`/m/${name}`, this.#source(name, text));
    const external: Namespace = { log: (entry: unknown) => this.log.push(entry) };
    this.modules = new LiveModules(
      {
        evaluator: {
          load: async (source) => {
            this.loads.push(source.resource);
            const { content = '' } = source;
            return loadedModuleOf(
              await import(`data:text/javascript,${encodeURIComponent(content)}`),
              content.length,
            );
          },
          meta: (resource) => ({ url: `https://example.test${resource}` }),
        },
        health: this.health,
        find: async (resource) => {
          const found = this.files.get(resource);
          await this.finding;
          return found;
        },
        foreign: (source) =>
          foreignModule(source, {
            text: async ({ content = '' }) => content,
            urlOf: ({ resource }) => `https://example.test${resource}`,
            applyStyle: (resource, text) => this.styles.set(resource, text),
            removeStyle: (resource) => this.styles.delete(resource),
          }),
        external: async (specifier) => {
          this.externals.push(specifier);
          if (specifier === 'world') return external;
          throw new Error(`There is no package ${specifier}.`);
        },
        send: (event, data) => this.sent.push([event, data]),
        invalidated: (result) => this.invalidations.push(result),
      },
      { ...defaultSwapLimits, ...limits },
    );
  }

  start(entry = 'main.ts'): Promise<Namespace> {
    return this.modules.start(`/m/${entry}`);
  }

  /** Pushes texts; null deletes. What was applied is what the files are from then on. */
  push(files: Record<string, string | null>): Promise<SwapResult> {
    return this.pushChanges(Object.entries(files).map(([name, text]) => this.change(name, text)));
  }

  change(name: string, text: string | null, renamedFrom?: string): ModuleChange {
    const resource = `/m/${name}`;
    if (text === null) return { op: 'delete', resource };
    const from = renamedFrom === undefined ? {} : { renamedFrom: `/m/${renamedFrom}` };
    return { op: 'put', ...this.#source(name, text), ...from };
  }

  async pushChanges(changes: readonly ModuleChange[]): Promise<SwapResult> {
    const result = await this.modules.swap(changes);
    if (result.status === 'applied') {
      for (const change of changes) {
        if (change.op === 'put') this.files.set(change.resource, change);
        else this.files.delete(change.resource);
        if (change.op === 'put' && change.renamedFrom !== undefined) this.files.delete(change.renamedFrom);
      }
    }
    return result;
  }

  /** What was logged since the last call. */
  logged(): unknown[] {
    return this.log.splice(0);
  }

  #source(name: string, text: string): ModuleSource {
    const resource = `/m/${name}`;
    return {
      resource,
      ...(name.endsWith('.ts')
        ? contentOf(resource, `import { log } from 'world'; ${text}`)
        : digested(text)),
    };
  }
}
