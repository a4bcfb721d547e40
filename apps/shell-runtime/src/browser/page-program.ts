import type { Assets } from '../components/assets.ts';
import { Code } from '../components/code.ts';
import { Configs } from '../components/config.ts';
import { textOf } from '../components/content-text.ts';
import { References } from '../components/references.ts';
import { Styles } from '../components/styles.ts';
import { Templates } from '../components/templates.ts';
import type { SavedEdit } from '../edits/saved-edit.ts';
import { createBrowserEvaluator } from '../modules/browser-evaluator.ts';
import { browserHealth } from '../modules/browser-health.ts';
import { foreignModule } from '../modules/foreign-modules.ts';
import type { ModuleSource, Namespace } from '../modules/module-format.ts';
import type { ModulePorts, SwapLimits } from '../modules/ports.ts';
import { programFrames } from '../modules/program-frames.ts';
import { LiveModules } from '../modules/swap.ts';
import { onDemand } from '../on-demand.ts';
import type { KeptVersion } from '../record/record-store.ts';
import { startedWith } from '../record/recover.ts';
import type { RunningState } from '../record/running-state.ts';
import { externalModules } from './external-modules.ts';
import { loadBase } from './load-base.ts';
import type { PageComponents } from './page-appliers.ts';

export interface ProgramPorts {
  readonly state: RunningState;
  /** Absolute, with a slash at the end. */
  readonly baseUrl: string;
  readonly limits: SwapLimits;
  readonly dataScripts: boolean;
  /** What modules get that import `cd-push:runtime`. */
  readonly runtimeNamespace: () => Namespace;
  /** Takes an edit that was made here to whoever develops the program. */
  readonly save: (resource: string, text: string) => Promise<SavedEdit>;
}

const answerWithinMs = 15_000;

/** The program of the page: what the base served, with what the record holds above it. */
export class PageProgram {
  readonly components: PageComponents;
  readonly modules: LiveModules;
  readonly references: References;
  readonly #state: RunningState;
  readonly #mapStack: (stack: string) => Promise<string>;

  constructor({ state, baseUrl, limits, dataScripts, runtimeNamespace, save }: ProgramPorts) {
    this.#state = state;
    const references = new References(state.base, baseUrl);
    const evaluator = createBrowserEvaluator(baseUrl, dataScripts);
    const external = externalModules(state.base, () => loadBase(baseUrl));
    let assets: Assets | undefined;
    const styles = new Styles(references);
    const templates = new Templates({
      served: (resource) => this.#servedText(resource),
      prepare: (markup) => {
        references.renewMarkup(markup);
        styles.adopt(markup);
      },
      rendered: (resource) => this.modules.emit('cd-push:template', { resource }),
    });
    this.references = references;
    const ports: ModulePorts = {
      evaluator,
      health: browserHealth,
      find: (resource) => this.#find(resource),
      foreign: (source) =>
        foreignModule(source, {
          text: async ({ content, url }) => content ?? (await fetchedText(url)) ?? '',
          urlOf: ({ resource }) => references.urlOf(resource),
          applyStyle: (resource, text) => styles.applyImported(resource, text),
          removeStyle: (resource) => styles.removeImported(resource),
        }),
      external: (specifier): Promise<Namespace> =>
        specifier === 'cd-push:runtime' ? Promise.resolve(runtimeNamespace()) : external(specifier),
      send: (event, data) => this.modules.emit(event, data),
      save,
      source: async (resource) => {
        const { runningSource } = await onDemand(import('../edits/running-source.ts'));
        return runningSource(resource, state, {
          mapOf: evaluator.mapOf,
          served: (of) => this.#servedText(of),
        });
      },
    };
    this.modules = new LiveModules(ports, limits);
    this.#mapStack = async (stack) => {
      // What reads source maps is loaded with the first failure; one that cannot be mapped is told as it is.
      const part = await import('../modules/map-stack.ts').catch(() => undefined);
      const mapped = await part?.mapStack(stack, (digest) => evaluator.mapOf(digest));
      return programFrames(mapped ?? stack, [runtimeFiles]);
    };
    const code = new Code({
      modules: this.modules,
      mapStack: this.#mapStack,
      assetUrl: (resource) => references.urlOf(resource),
    });
    this.components = {
      assets: async () => {
        const part = await onDemand(import('../components/assets.ts'));
        return (assets ??= new part.Assets(references));
      },
      styles,
      templates,
      configs: new Configs(),
      code,
    };
  }

  /** Puts everything but code in its place, before code runs that may ask for it. */
  async prepare(): Promise<void> {
    const { assets, styles, templates, configs } = this.components;
    const overridden = new Map<string, KeptVersion>();
    for (const record of this.#state.records) {
      const kept = startedWith(record);
      if (kept !== null) overridden.set(record.resource, kept);
    }
    for (const [resource, { componentType, content }] of overridden) {
      const text = textOf(content) ?? null;
      if (componentType === 'asset') (await assets()).load(resource, content);
      if (componentType === 'template') templates.load(resource, text);
      if (componentType === 'config' && text !== null) configs.load(resource, text);
    }
    // Styles refer to assets, so they come after them.
    for (const [resource, { componentType, content }] of overridden) {
      if (componentType === 'style') styles.load(resource, textOf(content) ?? null);
    }
    if (this.references.anyReplaced) (await assets()).renewPage();
    const served = [...this.#state.base.resources].map(async ([resource, { type, url }]) => {
      if (type !== 'config' || overridden.has(resource)) return;
      const text = await fetchedText(url);
      if (text !== undefined) configs.load(resource, text);
    });
    await Promise.all([...served, templates.registerMarked(document)]);
  }

  /** What a file of the base was served with. Rejects where it cannot be had. */
  async served(resource: string): Promise<Uint8Array<ArrayBuffer>> {
    const url = this.#state.base.resources.get(resource)?.url ?? '';
    // What this page was loaded with: a host that serves the project as it is on the disk has the next version by now.
    const response = await fetch(url, { cache: 'force-cache', signal: AbortSignal.timeout(answerWithinMs) });
    if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
    return new Uint8Array(await response.arrayBuffer());
  }

  mapStack(stack: string): Promise<string> {
    return this.#mapStack(stack);
  }

  async #servedText(resource: string): Promise<string | undefined> {
    return fetchedText(this.#state.base.resources.get(resource)?.url);
  }

  #find(resource: string): ModuleSource | undefined {
    const record = this.#state.record(resource);
    const kept = record === undefined ? null : startedWith(record);
    if (kept === null) {
      const served = this.#state.base.resources.get(resource);
      return served && { resource, digest: served.digest, url: served.url };
    }
    if (kept.digest === null) return undefined;
    if (kept.componentType === 'asset')
      return { resource, digest: kept.digest, url: this.references.urlOf(resource) };
    const map = kept.content.kind === 'text' ? kept.content.map : undefined;
    return { resource, digest: kept.digest, content: textOf(kept.content), map };
  }
}

/** How the addresses of the runtime's own files begin: the bundle's are `runtime.js` and `runtime-….js` beside it. */
const runtimeFiles = import.meta.url.replace(/\.js(?:[?#].*)?$/u, '');

const fetchedText = async (url: string | undefined): Promise<string | undefined> => {
  if (url === undefined) return undefined;
  const response = await fetch(url);
  return response.ok ? response.text() : undefined;
};
