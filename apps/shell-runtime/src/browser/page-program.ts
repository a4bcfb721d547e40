import { Assets } from '../components/assets.ts';
import { Code } from '../components/code.ts';
import { Configs } from '../components/config.ts';
import { textOf } from '../components/content-text.ts';
import { References } from '../components/references.ts';
import { renewMarkup } from '../components/renew-references.ts';
import { Styles } from '../components/styles.ts';
import { Templates } from '../components/templates.ts';
import { createBrowserEvaluator } from '../modules/browser-evaluator.ts';
import { browserHealth } from '../modules/browser-health.ts';
import { foreignModule } from '../modules/foreign-modules.ts';
import type { ModuleSource, Namespace } from '../modules/module-format.ts';
import type { ModulePorts, SwapLimits } from '../modules/ports.ts';
import { LiveModules } from '../modules/swap.ts';
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
  /** What modules get that import `cd-push:runtime`. */
  readonly runtimeNamespace: () => Namespace;
}

/** The program of the page: what the base served, with what the record holds above it. */
export class PageProgram {
  readonly components: PageComponents;
  readonly modules: LiveModules;
  readonly references: References;
  readonly #state: RunningState;
  readonly #mapStack: (stack: string) => Promise<string>;

  constructor({ state, baseUrl, limits, runtimeNamespace }: ProgramPorts) {
    this.#state = state;
    const references = new References(state.base, baseUrl);
    const evaluator = createBrowserEvaluator(baseUrl);
    const external = externalModules(state.base, () => loadBase(baseUrl));
    const assets = new Assets(references);
    const styles = new Styles(references);
    const templates = new Templates({
      served: (resource) => this.#servedText(resource),
      prepare: (markup) => {
        if (references.anyReplaced) renewMarkup(markup, references);
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
    };
    this.modules = new LiveModules(ports, limits);
    this.#mapStack = async (stack) => {
      // What reads source maps is loaded with the first failure.
      const { mapStack } = await import('../modules/map-stack.ts');
      return programFrames(await mapStack(stack, (digest) => evaluator.mapOf(digest)));
    };
    const code = new Code({
      modules: this.modules,
      mapStack: this.#mapStack,
      assetUrl: (resource) => references.urlOf(resource),
    });
    this.components = { assets, styles, templates, configs: new Configs(), code };
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
      if (componentType === 'asset') assets.load(resource, content);
      if (componentType === 'template') templates.load(resource, text);
      if (componentType === 'config' && text !== null) configs.load(resource, text);
    }
    // Styles refer to assets, so they come after them.
    for (const [resource, { componentType, content }] of overridden) {
      if (componentType === 'style') styles.load(resource, textOf(content) ?? null);
    }
    assets.renewPage();
    const served = [...this.#state.base.resources].map(async ([resource, { type, url }]) => {
      if (type !== 'config' || overridden.has(resource)) return;
      const text = await fetchedText(url);
      if (text !== undefined) configs.load(resource, text);
    });
    await Promise.all([...served, templates.registerMarked(document)]);
  }

  /** Text that stands at a resource. */
  async textInPlace(resource: string): Promise<string | undefined> {
    const kept = this.#state.kept(resource);
    return kept === undefined ? this.#servedText(resource) : textOf(kept.content);
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

/** A stack without the frames of the runtime, which say nothing of the program. */
const programFrames = (stack: string): string =>
  stack
    .split('\n')
    .filter((line) => !line.includes(runtimeFiles))
    .join('\n');

const fetchedText = async (url: string | undefined): Promise<string | undefined> => {
  if (url === undefined) return undefined;
  const response = await fetch(url);
  return response.ok ? response.text() : undefined;
};
