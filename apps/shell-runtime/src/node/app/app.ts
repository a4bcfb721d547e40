import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

import { problemOf, ProblemError, type Problem } from '@cd-push/protocol';

import { applyTogether } from '../../components/apply-together.ts';
import { Code } from '../../components/code.ts';
import type { Staged } from '../../components/component.ts';
import { Configs } from '../../components/config.ts';
import { Operations } from '../../components/operations.ts';
import type { SavedEdit } from '../../edits/saved-edit.ts';
import { sourceInMap } from '../../edits/source-in-map.ts';
import type { Change } from '../../line/push.ts';
import { foreignModule } from '../../modules/foreign-modules.ts';
import { mapStack } from '../../modules/map-stack.ts';
import { isCode, type ModuleSource, type Namespace } from '../../modules/module-format.ts';
import { createNodeEvaluator, type NodeEvaluator } from '../../modules/node-evaluator.ts';
import { nodeHealth } from '../../modules/node-health.ts';
import { programFrames } from '../../modules/program-frames.ts';
import type { SwapResult } from '../../modules/swap-result.ts';
import { LiveModules } from '../../modules/swap.ts';
import { contentPath } from '../contents/standing.ts';
import { Files } from './files.ts';
import { Emitter } from '../../emitter.ts';
import type { Applied, AppSetup, LeftData, Told, ToldEvents } from './messages.ts';
import type { NodeAppRuntime } from './runtime-api.ts';

export interface AppPorts {
  /** A module gave up its own change outside of any push. */
  readonly restartAsked: (detail: string) => void;
  /** A module has saved an edit; {@link App.settle} says what became of it. */
  readonly save: (id: number, resource: string, text: string) => void;
}

/** How the places of the runtime's own frames begin, which is installed as one folder, and of Node's. */
const runtimeFrames = [new URL('../../', import.meta.url).href, 'node:internal/'];

/** Keeps how the last swap ended, of which a thrown problem tells only half. */
class WatchedModules extends LiveModules {
  #last: SwapResult | undefined;

  override async swap(changes: Parameters<LiveModules['swap']>[0]): Promise<SwapResult> {
    this.#last = await super.swap(changes);
    return this.#last;
  }

  /** The result of the swap since the last call, if there was one. */
  takeLast(): SwapResult | undefined {
    const last = this.#last;
    this.#last = undefined;
    return last;
  }
}

/** The program as it runs in its thread: modules, configuration, files and operations. */
export class App {
  readonly #setup: AppSetup;
  readonly #sources: Map<string, ModuleSource>;
  readonly #evaluator: NodeEvaluator;
  readonly #modules: WatchedModules;
  readonly #configs = new Configs();
  readonly #files: Files;
  readonly #code: Code;
  readonly #operations = new Operations();
  readonly #listeners = new Emitter<ToldEvents>((error, event) =>
    console.error(`[cd-push] A listener of "${event}" threw.`, error),
  );

  /** Edits that were saved here, by number. */
  readonly #saved = new Map<number, (saved: SavedEdit) => void>();

  constructor(setup: AppSetup, { restartAsked, save }: AppPorts) {
    const { contentDir, projectDir, resources, settleMs, retainedBytes } = setup;
    this.#setup = setup;
    this.#sources = new Map(
      resources.map(({ resource, digest, path }) => [
        resource,
        { resource, digest, url: pathToFileURL(path).href },
      ]),
    );
    this.#files = new Files(contentDir, resources);
    for (const { resource, type, path } of resources) {
      if (type === 'config') this.#configs.load(resource, readFileSync(path, 'utf8'));
    }
    this.#evaluator = createNodeEvaluator({ dir: contentDir, projectDir });
    const namespace: Namespace = { runtime: this.#api() };
    const parent = pathToFileURL(`${projectDir}/`).href;
    this.#modules = new WatchedModules(
      {
        evaluator: this.#evaluator,
        health: nodeHealth,
        find: (resource) => this.#sources.get(resource),
        foreign: (source) => foreignModule(source, foreignPort),
        external: async (specifier) =>
          specifier === 'cd-push:runtime'
            ? namespace
            : importNatively(import.meta.resolve(specifier, parent)),
        // There is no dev server at the other end of `hot.send`; the program's own modules hear it.
        send: (event, data) => this.#modules.emit(event, data),
        save: (resource, text) => {
          const { promise, resolve } = Promise.withResolvers<SavedEdit>();
          const id = this.#saved.size === 0 ? 1 : Math.max(...this.#saved.keys()) + 1;
          this.#saved.set(id, resolve);
          save(id, resource, text);
          return promise;
        },
        source: (resource) => this.#source(resource),
        invalidated: (result) => {
          if (result.status === 'failed') restartAsked(detailOf(result.error));
        },
      },
      { settleMs, retainedBytes },
    );
    this.#code = new Code({
      modules: this.#modules,
      mapStack: (stack) => this.mapStack(stack),
      assetUrl: (resource) => pathToFileURL(this.#files.file(resource).path() ?? '').href,
    });
  }

  /** Loads the entry with all that it imports; nothing is evaluated. */
  async prepare(): Promise<void> {
    await this.#modules.load(this.#setup.entry);
  }

  /** Evaluates the entry, and gives the problem that it threw. A later push may repair it. */
  async run(left: LeftData): Promise<Problem | null> {
    try {
      await this.#modules.start(this.#setup.entry, new Map(Object.entries(left)));
      return null;
    } catch (error) {
      return problemOf('apply-failed', {
        resource: this.#setup.entry,
        detail: `The program could not be started: ${detailOf(error)}`,
        stack: error instanceof Error ? await this.mapStack(error.stack ?? '') : undefined,
      });
    }
  }

  async apply(changes: readonly Change[]): Promise<Applied> {
    try {
      await this.#applyParts(changes);
    } catch (error) {
      const last = this.#modules.takeLast();
      const problem = await this.#problemOf(error, changes);
      if (problem.kind === 'restart-required') return { outcome: 'unaccepted', problem };
      return { outcome: 'failed', problem, restored: last?.status !== 'failed' || last.restored };
    }
    this.#remember(changes);
    const last = this.#modules.takeLast();
    const { retainedBytes } = this.#modules;
    const updated = last?.status === 'applied' ? last.updated : [];
    return {
      outcome: 'applied',
      updated,
      retained: { bytes: retainedBytes, restartAsked: retainedBytes > this.#setup.retainedBytes },
    };
  }

  /** Disposes of everything, importers first, for good. Gives what can be cloned of what modules left. */
  async release(): Promise<LeftData> {
    const { data: left, warnings } = await this.#modules.release();
    for (const warning of warnings) console.warn('[cd-push] While the program was disposed of:', warning);
    return Object.fromEntries([...left].map(([resource, data]) => [resource, cloneable(data)]));
  }

  /** Runs a registered operation. Throws a `ProblemError` where there is none or where its arguments do not fit. */
  async operate(name: string, args: unknown): Promise<void> {
    await this.#operations.execute(name, args);
  }

  /** Says what became of an edit. */
  settle(id: number, saved: SavedEdit): void {
    this.#saved.get(id)?.(saved);
    this.#saved.delete(id);
  }

  tell(told: Told): void {
    switch (told.event) {
      case 'applied':
        return this.#listeners.emit(told.event, told.payload);
      case 'failed':
        return this.#listeners.emit(told.event, told.payload);
      case 'notice':
        return this.#listeners.emit(told.event, told.payload);
      default:
        told satisfies never;
    }
  }

  /** Leads a raw stack back to the sources, and leaves out what only says how they are run. */
  async mapStack(stack: string): Promise<string> {
    const mapped = await mapStack(stack, (digest) => this.#evaluator.mapOf(digest));
    return programFrames(mapped, runtimeFrames);
  }

  /** Values first, so that new code finds them; code last, since its swap keeps or restores by itself. */
  async #applyParts(changes: readonly Change[]): Promise<void> {
    const code = changes.filter((change) => this.#code.concerns(change));
    const configs = changes.filter(({ head }) => head.componentType === 'config');
    const files = changes.filter(({ head }) => !isCode(head.resource));
    const parts: Staged[] = [this.#configs.stage(configs), await this.#files.stage(files)];
    if (code.length > 0) {
      await applyTogether([...parts, this.#code.stage(code)]);
      return;
    }
    let uncaught: { readonly error: unknown } | undefined;
    const stop = nodeHealth.observe((error) => {
      uncaught ??= { error };
    });
    try {
      await applyTogether([
        ...parts,
        {
          apply: async () => {
            await nodeHealth.nextFrame();
            if (uncaught !== undefined) throw uncaught.error;
          },
          restore: () => undefined,
        },
      ]);
    } finally {
      stop();
    }
  }

  /** What is imported for the first time later on finds what was pushed. */
  #remember(changes: readonly Change[]): void {
    for (const { head, content } of changes) {
      const { resource, digest, from } = head;
      if (head.change === 'rename' && from !== undefined) this.#sources.delete(from);
      if (content.kind === 'deleted' || digest === null) this.#sources.delete(resource);
      else if (content.kind === 'text') {
        this.#sources.set(resource, { resource, digest, content: content.text, map: content.map });
      } else {
        const url = pathToFileURL(contentPath(this.#setup.contentDir, resource, digest)).href;
        this.#sources.set(resource, { resource, digest, url });
      }
    }
  }

  async #problemOf(error: unknown, changes: readonly Change[]): Promise<Problem> {
    if (error instanceof ProblemError) return error.problem;
    return problemOf('apply-failed', {
      resource: changes.length === 1 ? changes[0]?.head.resource : undefined,
      detail: detailOf(error),
      stack: error instanceof Error ? await this.mapStack(error.stack ?? '') : undefined,
    });
  }

  /** What a file was made of that runs here, as far as that is known. */
  async #source(resource: string): Promise<string | undefined> {
    const source = this.#sources.get(resource);
    if (source === undefined) return undefined;
    if (isCode(resource)) return sourceInMap(source.map ?? (await this.#evaluator.mapOf(source.digest)));
    // What runs of a style sheet is put together of others, and an asset may be no text.
    return /\.(?:html|json)$/u.test(resource) ? this.#files.text(resource).get() : undefined;
  }

  #api(): NodeAppRuntime {
    return {
      config: (resource) => this.#configs.handle(resource),
      text: (resource) => this.#files.text(resource),
      file: (resource) => this.#files.file(resource),
      command: this.#operations.register,
      on: (event, listener) => this.#listeners.on(event, listener),
      state: () => ({ retainedBytes: this.#modules.retainedBytes }),
    };
  }
}

/** JSON gives its value, everything else its text (styles) or the URL of a file. */
const foreignPort = {
  text: async ({ content, url }: ModuleSource): Promise<string> =>
    content ?? (await readFile(new URL(url ?? ''), 'utf8')),
  urlOf: ({ url }: ModuleSource): string => url ?? '',
  // There is no page to put a style sheet in; its text is what importers get.
  applyStyle: () => undefined,
  removeStyle: () => undefined,
};

const importNatively = async (url: string): Promise<Namespace> => {
  const namespace: unknown = await import(url);
  if (!isNamespace(namespace)) throw new TypeError(`${url} is not a module.`);
  return namespace;
};

const isNamespace = (value: unknown): value is Namespace => typeof value === 'object' && value !== null;

/** What of a module's data another thread can take; functions, sockets and the like stay behind. */
const cloneable = (data: Record<string, unknown>): Record<string, unknown> => {
  const entries = Object.entries(data).filter(([, value]) => {
    try {
      structuredClone(value);
      return true;
    } catch {
      return false;
    }
  });
  return Object.fromEntries(entries);
};

const detailOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
