import type { SavedEdit } from '../edits/saved-edit.ts';
import type { LoadedModule, ModuleSource, Namespace } from './module-format.ts';
import type { SwapResult } from './swap-result.ts';

/** Turns content into a factory without evaluating the module's body. */
export interface Evaluator {
  /** Rejects where the content is not a module in the pushed format, for example on a syntax error. */
  load(source: ModuleSource): Promise<LoadedModule>;
  /** A fresh object for `import.meta`, with the `url` of the resource itself; `hot` is added to it. */
  meta(resource: string): { url: string };
}

/** How failures that nobody catches, frames and time are seen. */
export interface HealthPort {
  /**
   * Calls back for each uncaught error and unhandled rejection until the returned function is called. As long as that
   * lasts, such an error does not end the process.
   */
  observe(onError: (error: unknown) => void): () => void;
  /** Calls back for the same errors for good, and changes nothing about what they do to the process. */
  monitor(onError: (error: unknown) => void): void;
  /** Resolves once the next frame (in Node: turn of the event loop) is over. */
  nextFrame(): Promise<void>;
  /** Calls back after that many milliseconds unless the returned function was called. */
  after(milliseconds: number, callback: () => void): () => void;
}

export interface ModulePorts {
  readonly evaluator: Evaluator;
  readonly health: HealthPort;
  /** The current content of a resource that is not loaded yet; undefined where there is none. */
  find(resource: string): ModuleSource | undefined | Promise<ModuleSource | undefined>;
  /** JSON, styles and assets that modules import: gives them a factory. */
  foreign(source: ModuleSource): LoadedModule | Promise<LoadedModule>;
  /** Imports a bare specifier or an absolute URL natively. */
  external(specifier: string): Promise<Namespace>;
  /** `import.meta.hot.send`. */
  send(event: string, data: unknown): void;
  /** `import.meta.hot.save`; where there is none, nobody takes edits in. */
  readonly save?: (resource: string, text: string) => Promise<SavedEdit>;
  /** `import.meta.hot.source`. */
  readonly source?: (resource: string) => Promise<string | undefined>;
  /** How the swap ended that `hot.invalidate` began outside any other; `unaccepted` asks for a restart or reload. */
  readonly invalidated?: (result: SwapResult) => void;
}

export interface SwapLimits {
  /** Milliseconds for evaluating, accepting and health checks together; what takes longer is restored. */
  readonly settleMs: number;
  /** UTF-16 units of natively kept source above which a swap's result asks for a restart. */
  readonly retainedBytes: number;
}

/** Half a second is left of the 2 s within which a failing patch must be restored. */
export const defaultSwapLimits: SwapLimits = { settleMs: 1_500, retainedBytes: 32 * 1024 * 1024 };
