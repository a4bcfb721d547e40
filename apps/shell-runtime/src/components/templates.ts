import type { Change } from '../line/push.ts';
import { onDemand } from '../on-demand.ts';
import type { Component, Staged } from './component.ts';
import { textOf } from './content-text.ts';
import { TemplateHost, type Morph } from './template-host.ts';

const mark = 'data-cd-template';

export interface TemplatePorts {
  /** Text of a template that no push has brought. */
  readonly served: (resource: string) => Promise<string | undefined>;
  /** Puts into new markup what the page has in the place of what was served. */
  readonly prepare: (markup: DocumentFragment) => void;
  /** Told after hosts were given a new version. */
  readonly rendered: (resource: string) => void;
}

/** Loaded with what pushes need: to show a template for the first time takes no merging. */
const loadMorph = async (): Promise<Morph> => (await onDemand(import('idiomorph'))).Idiomorph.morph;

interface Registered {
  readonly element: WeakRef<Element>;
  readonly host: TemplateHost;
}

/**
 * Templates and the elements that show them: those that were registered, and those that name one in `data-cd-template`.
 */
export class Templates implements Component {
  readonly #ports: TemplatePorts;
  readonly #texts = new Map<string, string | null>();
  readonly #hosts = new Map<string, Registered[]>();
  readonly #known = new WeakMap<Element, { resource: string; readonly host: TemplateHost }>();

  constructor(ports: TemplatePorts) {
    this.#ports = ports;
  }

  /** Puts content in place before the program runs; null stands for deleted. */
  load(resource: string, text: string | null): void {
    this.#texts.set(resource, text);
  }

  /**
   * Gives an element over to a template. An empty one is filled; what stands in another counts as the template's own.
   *
   * @returns when the element shows the version in place.
   */
  async register(resource: string, element: Element): Promise<void> {
    const known = this.#known.get(element);
    if (known?.resource === resource) return;
    const empty = element.childNodes.length === 0;
    const host = known?.host ?? new TemplateHost(element, this.#ports.prepare);
    this.#add(resource, element, host);
    const isPushed = this.#texts.has(resource);
    if (!isPushed && !empty && known === undefined) return;
    const served = isPushed ? undefined : await this.#ports.served(resource);
    const morph = element.childNodes.length === 0 ? undefined : await loadMorph();
    // A push may have been faster than the server.
    const pushed = this.#texts.get(resource);
    const text = pushed === undefined ? served : (pushed ?? '');
    if (text === undefined) return;
    if (element.childNodes.length === 0) host.fill(text);
    else host.render(text, morph ?? (await loadMorph()));
  }

  /** Registers what the page marks. */
  async registerMarked(root: ParentNode): Promise<void> {
    const marked = [...root.querySelectorAll(`[${mark}]`)];
    await Promise.all(marked.map((element) => this.register(element.getAttribute(mark) ?? '', element)));
  }

  async stage(changes: readonly Change[]): Promise<Staged> {
    const morph = await loadMorph();
    const next = new Map<string, string | null>();
    const renames: [from: string, to: string][] = [];
    for (const { head, content } of changes) {
      if (head.change === 'rename' && head.from !== undefined) {
        renames.push([head.from, head.resource]);
        next.set(head.from, null);
      }
      next.set(head.resource, textOf(content) ?? null);
    }
    const former = new Map([...next.keys()].map((resource) => [resource, this.#texts.get(resource)]));
    const undos: (() => void)[] = [];
    return {
      apply: () => {
        for (const [from, to] of renames) {
          this.#move(from, to);
          undos.push(() => this.#move(to, from));
        }
        for (const [resource, text] of next) {
          this.#texts.set(resource, text);
          const hosts = this.#live(resource);
          for (const { host } of hosts) undos.push(host.render(text ?? '', morph));
          if (hosts.length > 0) this.#ports.rendered(resource);
        }
      },
      restore: () => {
        for (const undo of undos.toReversed()) undo();
        for (const [resource, text] of former) {
          if (text === undefined) this.#texts.delete(resource);
          else this.#texts.set(resource, text);
          if (this.#live(resource).length > 0) this.#ports.rendered(resource);
        }
      },
    };
  }

  /** Hosts follow a template to its new name. */
  #move(from: string, to: string): void {
    for (const { element, host } of this.#live(from)) {
      const live = element.deref();
      if (live !== undefined) this.#add(to, live, host);
    }
    this.#hosts.delete(from);
  }

  #add(resource: string, element: Element, host: TemplateHost): void {
    const former = this.#known.get(element)?.resource;
    if (former !== undefined) {
      this.#hosts.set(
        former,
        this.#live(former).filter((registered) => registered.host !== host),
      );
    }
    this.#known.set(element, { resource, host });
    if (element.hasAttribute(mark)) element.setAttribute(mark, resource);
    this.#hosts.set(resource, [...this.#live(resource), { element: new WeakRef(element), host }]);
  }

  #live(resource: string): readonly Registered[] {
    return (this.#hosts.get(resource) ?? []).filter(({ element }) => element.deref() !== undefined);
  }
}
