import { createBrowserEvaluator, type BrowserEvaluator } from '../../src/modules/browser-evaluator.ts';
import { browserHealth } from '../../src/modules/browser-health.ts';
import { foreignModule } from '../../src/modules/foreign-modules.ts';
import { mapStack } from '../../src/modules/map-stack.ts';
import type { ModuleSource } from '../../src/modules/module-format.ts';
import { LiveModules } from '../../src/modules/swap.ts';
import type { ModuleChange } from '../../src/modules/swap-result.ts';

/** What a result looks like from outside of the page. */
export interface PageResult {
  readonly status: 'applied' | 'failed';
  readonly at?: string;
  readonly restored?: boolean;
  readonly message?: string;
  readonly name?: string;
  readonly stack?: string;
  readonly mapped?: string;
  readonly retainedBytes: number;
}

export interface PageApi {
  start(
    entry: string,
    base: Record<string, { digest: string; url: string }>,
    dataScripts: boolean,
  ): Promise<void>;
  swap(changes: readonly ModuleChange[]): Promise<PageResult>;
  evalIsBlocked(): Promise<boolean>;
}

declare global {
  var page: PageApi;
}

let modules: LiveModules;
let evaluator: BrowserEvaluator;
const pushed = new Map<string, ModuleSource>();

/** In a task of the page's own: what a debugger calls is not held to the page's policy. */
const inPage = <Value>(work: () => Value | Promise<Value>): Promise<Value> =>
  new Promise((resolve) => {
    setTimeout(() => {
      resolve(Promise.resolve().then(work));
    });
  });

globalThis.page = {
  start: (entry, base, dataScripts) =>
    inPage(async () => {
      const root = new URL('/', location.href).href;
      evaluator = createBrowserEvaluator(root, dataScripts);
      const find = (resource: string): ModuleSource | undefined => {
        const known = base[resource];
        return (
          pushed.get(resource) ??
          (known && { resource, digest: known.digest, url: new URL(known.url, root).href })
        );
      };
      modules = new LiveModules({
        evaluator,
        health: browserHealth,
        find,
        foreign: (source) =>
          foreignModule(source, {
            text: async ({ content = '' }) => content,
            urlOf: ({ resource }) => resource,
            applyStyle: () => undefined,
            removeStyle: () => undefined,
          }),
        external: (specifier) => import(specifier),
        send: () => undefined,
      });
      await modules.start(entry);
    }),

  swap: (changes) =>
    inPage(async () => {
      const result = await modules.swap(changes);
      const { status, retainedBytes } = result;
      if (status === 'applied') {
        for (const change of changes) if (change.op === 'put') pushed.set(change.resource, change);
        return { status, retainedBytes };
      }
      const { at, restored, error, stack } = result;
      const mapped = await mapStack(stack, evaluator.mapOf);
      const named = error instanceof Error ? { message: error.message, name: error.name } : {};
      return { status, at, restored, ...named, stack, mapped, retainedBytes };
    }),

  evalIsBlocked: () =>
    inPage(() => {
      try {
        // oxlint-disable-next-line no-eval -- that it is forbidden is what is asked
        return (0, eval)('1') !== 1;
      } catch {
        return true;
      }
    }),
};
