import type { SavedEdit } from '../edits/saved-edit.ts';
import type { Namespace } from './module-format.ts';

type AcceptOne = (module: Namespace | undefined) => unknown;
type AcceptMany = (modules: (Namespace | undefined)[]) => unknown;
type Listener = (payload: unknown) => void;

/** An app's own check; false or an error means that the swap is taken back. */
export type HealthCheck = () => unknown;

interface AcceptedDependencies {
  /** Canonical resources. */
  readonly dependencies: readonly string[];
  readonly callback: AcceptMany;
}

/** What a hot context needs of the graph it lives in. */
export interface HotHost {
  resolve(specifier: string): string;
  invalidate(message: string | undefined): void;
  send(event: string, data: unknown): void;
  listen(event: string, listener: Listener): void;
  unlisten(event: string, listener: Listener): void;
  save(resource: string, text: string): Promise<SavedEdit>;
  source(resource: string): Promise<string | undefined>;
}

/** `import.meta.hot`: the shape of Vite's, and `health`. One per evaluation of a module. */
export class HotContext {
  readonly #host: HotHost;
  readonly #listeners: [string, Listener][] = [];
  #closed = false;

  /** What this module's former evaluation left in `dispose`; what the next one will find. */
  readonly data: Record<string, unknown>;
  /** @internal */ selfAccepted = false;
  /** @internal */ acceptedExports: ReadonlySet<string> | undefined;
  /** @internal */ readonly selfCallbacks: AcceptOne[] = [];
  /** @internal */ readonly acceptedDependencies: AcceptedDependencies[] = [];
  /** @internal */ readonly disposers: ((data: Record<string, unknown>) => unknown)[] = [];
  /** @internal */ readonly pruners: ((data: Record<string, unknown>) => unknown)[] = [];
  /** @internal */ readonly healthChecks: HealthCheck[] = [];

  constructor(host: HotHost, data: Record<string, unknown>) {
    this.#host = host;
    this.data = data;
  }

  accept(): void;
  accept(callback: AcceptOne): void;
  accept(dependency: string, callback?: AcceptOne): void;
  accept(dependencies: readonly string[], callback?: AcceptMany): void;
  accept(first?: AcceptOne | string | readonly string[], callback?: AcceptOne | AcceptMany): void {
    if (first === undefined || typeof first === 'function') {
      this.selfAccepted = true;
      if (first !== undefined) this.selfCallbacks.push(first);
    } else if (typeof first === 'string') {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- which it is follows from the first argument
      const one = callback as AcceptOne | undefined;
      this.#acceptDependencies([first], ([module]) => one?.(module));
    } else {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- which it is follows from the first argument
      this.#acceptDependencies(first, (callback as AcceptMany | undefined) ?? (() => undefined));
    }
  }

  /** Accepts changes of this module as long as importers bind none but these exports. */
  acceptExports(names: string | readonly string[], callback?: AcceptOne): void {
    this.acceptedExports = new Set(typeof names === 'string' ? [names] : names);
    if (callback !== undefined) this.selfCallbacks.push(callback);
  }

  dispose(callback: (data: Record<string, unknown>) => unknown): void {
    this.disposers.push(callback);
  }

  /** Called when no module imports this one any more. */
  prune(callback: (data: Record<string, unknown>) => unknown): void {
    this.pruners.push(callback);
  }

  /** Says that this module cannot take its own change after all; its importers are asked next. */
  invalidate(message?: string): void {
    this.#host.invalidate(message);
  }

  /** A check of the app's own, run at the end of every swap. It may be asynchronous. */
  health(check: HealthCheck): void {
    this.healthChecks.push(check);
  }

  on(event: string, listener: Listener): void {
    if (this.#closed) return;
    this.#listeners.push([event, listener]);
    this.#host.listen(event, listener);
  }

  off(event: string, listener: Listener): void {
    this.#host.unlisten(event, listener);
  }

  send(event: string, data?: unknown): void {
    this.#host.send(event, data);
  }

  /**
   * Sends an edit of one of the program's files back to whoever develops it, who takes it in where `cd-cli watch
   * --accept-edits` runs. It resolves with what became of it there, and never rejects:
   *
   * - `merged`: the file on the developer's disk has it, merged with what it said by then. That is no push yet: it is pushed,
   *   signed by that developer, as any other save, and comes back here like one.
   * - `conflict`: the same lines were changed since the version that runs here, or the file waits for its developer to settle a
   *   conflict with another push. Nothing was written; `problem.detail` says where. The text is kept by nobody but the caller.
   * - `refused`: it will not be taken in, and `problem.kind` says why: `not-found`, there is no such file, here or there, or not
   *   the version that was edited; `forbidden`, it is not of this module, or leads out of the project; `invalid-patch`, what
   *   would be pushed of it makes no sense; `stale-version`, another version has come to run here meanwhile;
   *   `invalid-request`, it is longer than a megabyte; or another that the relay named.
   *
   * As long as nobody takes edits in there is no answer: the relay keeps the edit, up to seven days, and the promise stays open
   * over breaks of the connection; a page that closes hears nothing any more. Whoever waits for less races it with a time of
   * their own. The first developer's word counts.
   *
   * @param resource the file's name, for example `/shop/src/cart.ts`.
   * @param text the whole file as it shall be: its source, not what is made of it; see {@link source}.
   */
  save(resource: string, text: string): Promise<SavedEdit> {
    return this.#host.save(resource, text);
  }

  /**
   * The text to edit of one of the program's files: as it was saved, of the version that runs. That is known here of templates
   * and configuration, which run as they are, and of code whose source map has its source in it. `cd-cli` pushes maps without:
   * what runs here was let in with a code that every visitor of a page may have, and the relay gives sources to people alone. So
   * it is undefined of code that came from there, and of style sheets, which are put together of several.
   *
   * An editor in the page gets them as whoever edits: signed in with `@cd-push/client`, by `get-source` of the version that
   * `runtime.state()` says is applied.
   */
  source(resource: string): Promise<string | undefined> {
    return this.#host.source(resource);
  }

  /** @internal Listeners end with the evaluation that registered them. */
  close(): void {
    this.#closed = true;
    for (const [event, listener] of this.#listeners.splice(0)) this.#host.unlisten(event, listener);
  }

  #acceptDependencies(specifiers: readonly string[], callback: AcceptMany): void {
    const dependencies = specifiers.map((specifier) => this.#host.resolve(specifier));
    this.acceptedDependencies.push({ dependencies, callback });
  }
}
