import type { HotContext } from './hot-context.ts';
import type { LoadedModule, Namespace } from './module-format.ts';

/** Content of a module with the factory that it gave; calling the factory again evaluates this version again. */
export interface ModuleVersion extends LoadedModule {
  readonly digest: string;
}

/** One evaluation of one version. */
export interface ModuleInstance {
  readonly record: ModuleRecord;
  readonly version: ModuleVersion;
  readonly namespace: Namespace;
  readonly hot: HotContext;
  state: 'evaluating' | 'evaluated' | 'failed';
  /** Why it failed. */
  error: unknown;
  /** Settles, never rejects, when evaluation is over. */
  done: Promise<void> | undefined;
  /** Rises with each finished evaluation: dependencies before importers. */
  order: number;
  /** Instances whose evaluation this one waits for; a path back to itself is an import cycle. */
  readonly waitingFor: Set<ModuleInstance>;
  /** Names bound from each imported record; 'all' where the whole namespace is at hand. */
  readonly bindings: Map<ModuleRecord, Set<string> | 'all'>;
  /** Namespaces that re-export all of this one before it finished. */
  readonly pendingStars: Namespace[];
}

/** What the registry knows of one resource. */
export interface ModuleRecord {
  readonly resource: string;
  current: ModuleVersion | undefined;
  /** The version before, kept so that a push or a failure can bring it back without importing it again. */
  previous: ModuleVersion | undefined;
  instance: ModuleInstance | undefined;
  /** Records whose evaluated code imports this one. */
  readonly importers: Set<ModuleRecord>;
  /** Started from outside, so its namespace is held outside. */
  root: boolean;
  loading: Promise<void> | undefined;
}

export const createRecord = (resource: string): ModuleRecord => ({
  resource,
  current: undefined,
  previous: undefined,
  instance: undefined,
  importers: new Set(),
  root: false,
  loading: undefined,
});

export const createNamespace = (): Namespace => {
  const namespace: Namespace = { __proto__: null };
  Object.defineProperty(namespace, Symbol.toStringTag, { value: 'Module' });
  return namespace;
};

/** `export *`: every name but default, live, where the module has none of its own by that name. */
export const exportAll = (target: Namespace, source: Namespace): void => {
  if (target === source) return;
  for (const name of Object.keys(source)) {
    if (name === 'default' || name in target) continue;
    Object.defineProperty(target, name, { enumerable: true, configurable: true, get: () => source[name] });
  }
};
