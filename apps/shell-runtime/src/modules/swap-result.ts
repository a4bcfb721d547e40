/** One file of a swap. All of a swap's changes are applied, or none. */
export type ModuleChange =
  | {
      readonly op: 'put';
      readonly resource: string;
      /** Digest of `content`; a digest that this runtime still holds is not imported again. */
      readonly digest: string;
      readonly content?: string | undefined;
      readonly url?: string | undefined;
      readonly map?: string | undefined;
      /** The name that the file had before; that name is deleted, its `hot.data` goes over to the new one. */
      readonly renamedFrom?: string | undefined;
    }
  | { readonly op: 'delete'; readonly resource: string };

/** Where a swap failed. Up to and including `unaccepted` nothing had been touched. */
export type SwapFailure =
  /** Content is not a module (a syntax error), or something that it imports is not to be had. */
  | 'load'
  /** No importer accepts the change: it needs a restart, or a page load. `chain` says where the way up ended. */
  | 'unaccepted'
  | 'evaluate'
  | 'accept'
  /** An uncaught error within the health window, or the app's own check. */
  | 'health'
  /** Evaluation, accept or a health check did not settle in time. */
  | 'timeout';

interface SwapApplied {
  readonly status: 'applied';
  /** Evaluated by this swap, in order. Empty where nothing that runs was concerned. */
  readonly updated: readonly string[];
  readonly pruned: readonly string[];
  /** Errors of dispose and prune handlers and of listeners; they do not stop a swap. */
  readonly warnings: readonly unknown[];
  readonly retainedBytes: number;
  /** Whether `retainedBytes` is above its bound, so that the runtime should restart when it suits. */
  readonly restartAsked: boolean;
}

export interface SwapFailed {
  readonly status: 'failed';
  readonly kind: 'apply-failed';
  readonly at: SwapFailure;
  readonly error: unknown;
  /** As the platform gave it; `mapStack` leads it back to the sources. */
  readonly stack: string;
  /** For `unaccepted`: resources from the changed one up to the one that has nobody left to ask. */
  readonly chain: readonly string[] | undefined;
  /** Whether the versions before run again; if not, only a restart helps. */
  readonly restored: boolean;
  /** Why they do not. */
  readonly restoreError: unknown;
  readonly warnings: readonly unknown[];
  readonly retainedBytes: number;
  readonly restartAsked: boolean;
}

export type SwapResult = SwapApplied | SwapFailed;

/** What ends a swap early. */
export class SwapError extends Error {
  override readonly name = 'SwapError';
  readonly at: SwapFailure;
  readonly chain: readonly string[] | undefined;

  constructor(
    at: SwapFailure,
    message: string,
    options: { cause?: unknown; chain?: readonly string[] } = {},
  ) {
    super(message, { cause: options.cause });
    this.at = at;
    this.chain = options.chain;
  }
}
