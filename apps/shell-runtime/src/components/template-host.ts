import type { Idiomorph } from 'idiomorph';

import { dirtyAttribute, scrolledIn } from './input-state.ts';

/** How one tree is merged into another. */
export type Morph = typeof Idiomorph.morph;

/**
 * An element whose content a template gives.
 *
 * The program changes what a template gave: it fills in texts, toggles classes, appends rows. So a new version is merged
 * three ways: what the template did not change since its last version is left as the program has made it, what it did
 * change wins. For that, each node of the page remembers the template's node that it came from.
 */
export class TemplateHost {
  readonly #host: Element;
  readonly #prepare: (markup: DocumentFragment) => void;
  readonly #origins = new WeakMap<Node, Node>();
  /** The template's nodes as last given. */
  #given: DocumentFragment;

  /**
   * What stands in the host already counts as given by the template.
   *
   * @param prepare puts into markup that is new what the page has in its place, such as renewed addresses.
   */
  constructor(host: Element, prepare: (markup: DocumentFragment) => void) {
    this.#host = host;
    this.#prepare = prepare;
    this.#given = document.createDocumentFragment();
    for (const child of host.childNodes) {
      const origin = this.#given.appendChild(child.cloneNode(true));
      this.#remember(child, origin);
    }
  }

  /** Shows a version where nothing stands yet. */
  fill(html: string): void {
    const content = parsed(html);
    const next = document.importNode(content, true);
    this.#remember(next, content);
    this.#given = content;
    this.#prepare(next);
    this.#host.append(next);
  }

  /** Shows a version. What comes back shows the former one again. */
  render(html: string, morph: Morph): () => void {
    const former = this.#given;
    this.#show(parsed(html), morph);
    return () => this.#show(former, morph);
  }

  #show(content: DocumentFragment, morph: Morph): void {
    const next = document.importNode(content, true);
    const given = new Map<Node, Node>();
    inPairs(next, content, (node, origin) => given.set(node, origin));
    this.#given = content;
    this.#prepare(next);

    const scrolled = scrolledIn(this.#host);
    /** Nodes that are being added, the innermost last. */
    const adding: Node[] = [];
    // It is asynchronous for a `head` with blocking styles alone.
    void morph(this.#host, [...next.childNodes], {
      morphStyle: 'innerHTML',
      callbacks: {
        beforeNodeMorphed: (live: Node, wanted: Node) => this.#merge(live, wanted, given.get(wanted)),
        afterNodeMorphed: (live: Node, wanted: Node) => this.#setOrigin(live, given.get(wanted)),
        beforeNodeAdded: (wanted) => {
          adding.push(wanted);
          return true;
        },
        afterNodeAdded: (added) => {
          const origin = given.get(adding.pop() ?? added);
          // Nodes that were morphed into their new place remember already.
          if (origin !== undefined && !this.#origins.has(added)) this.#remember(added, origin);
        },
        // What no template gave, the program put there.
        beforeNodeRemoved: (live) => this.#origins.has(live),
        beforeAttributeUpdated: (name, element) => !dirtyAttribute(element, name),
      },
    });
    for (const [element, top, left] of scrolled) element.scrollTo({ top, left, behavior: 'instant' });
  }

  /** Whether the morph goes on below this node; edits `next` so that it keeps what the program did. */
  #merge(live: Node, next: Node, given: Node | undefined): boolean {
    const origin = this.#origins.get(live);
    if (origin === undefined || given === undefined) return true;
    if (origin.isEqualNode(given)) return false;
    if (
      !(
        live instanceof Element &&
        next instanceof Element &&
        origin instanceof Element &&
        given instanceof Element
      )
    ) {
      return true;
    }
    keepAttributes(live, next, origin, given);
    if (!sameChildren(origin, given)) return true;
    setAttributes(live, next);
    this.#setOrigin(live, given);
    return false;
  }

  #setOrigin(live: Node, origin: Node | undefined): void {
    if (origin !== undefined) this.#origins.set(live, origin);
  }

  #remember(live: Node, origin: Node): void {
    inPairs(live, origin, (node, from) => this.#origins.set(node, from));
  }
}

const parsed = (html: string): DocumentFragment => {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content;
};

/** Walks two trees of the same shape. */
const inPairs = (one: Node, other: Node, visit: (one: Node, other: Node) => void): void => {
  visit(one, other);
  let twin = other.firstChild;
  for (let child = one.firstChild; child !== null && twin !== null; child = child.nextSibling) {
    inPairs(child, twin, visit);
    twin = twin.nextSibling;
  }
};

const sameChildren = (one: Node, other: Node): boolean => {
  if (one.childNodes.length !== other.childNodes.length) return false;
  return [...one.childNodes].every((child, index) => child.isEqualNode(other.childNodes[index] ?? null));
};

/** Where the template still says what it said, the page's own value stays; of classes, each one is looked at. */
const keepAttributes = (live: Element, next: Element, origin: Element, given: Element): void => {
  const names = new Set([live, origin, given].flatMap((element) => element.getAttributeNames()));
  for (const name of names) {
    const own = live.getAttribute(name);
    const was = origin.getAttribute(name);
    if (own === was) continue;
    if (was === given.getAttribute(name)) setAttribute(next, name, own);
    else if (name === 'class') setAttribute(next, name, mergedClasses(own ?? '', was ?? '', next.className));
  }
};

const mergedClasses = (own: string, was: string, next: string): string => {
  const [live, before, merged] = [own, was, next].map((text) => new Set(text.split(/\s+/u).filter(Boolean)));
  for (const name of live ?? []) if (!before?.has(name)) merged?.add(name);
  for (const name of before ?? []) if (!live?.has(name)) merged?.delete(name);
  return [...(merged ?? [])].join(' ');
};

const setAttributes = (live: Element, next: Element): void => {
  for (const name of new Set([...live.getAttributeNames(), ...next.getAttributeNames()])) {
    const value = next.getAttribute(name);
    if (live.getAttribute(name) !== value && !dirtyAttribute(live, name)) setAttribute(live, name, value);
  }
};

const setAttribute = (element: Element, name: string, value: string | null): void => {
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
};
