import type { Base } from '../record/base.ts';

/** How references are renewed; it is there from the first asset that takes the place of a served one. */
export interface Renewal {
  readonly css: (text: string) => string;
  readonly markup: (root: ParentNode) => void;
}

/** Which resource an address stands for, and which address stands for a resource now. */
export class References {
  readonly #base: Base;
  readonly #baseUrl: string;
  readonly #ofUrl = new Map<string, string>();
  readonly #current = new Map<string, string>();
  renewal: Renewal | undefined;

  /** @param baseUrl absolute, with a slash at the end: where the module's root is served. */
  constructor(base: Base, baseUrl: string) {
    this.#base = base;
    this.#baseUrl = baseUrl;
    for (const [resource, { url }] of base.resources) this.#ofUrl.set(url, resource);
  }

  /** Address at which the resource's content is to be had now. */
  urlOf(resource: string): string {
    return this.#current.get(resource) ?? this.servedUrl(resource);
  }

  /** Address at which it is, or would be, served. */
  servedUrl(resource: string): string {
    const known = this.#base.resources.get(resource)?.url;
    if (known !== undefined) return known;
    const path = resource.slice(resource.indexOf('/', 1) + 1);
    return new URL(path.split('/').map(encodeURIComponent).join('/'), this.#baseUrl).href;
  }

  /** Whether its content is no longer the served one. */
  isReplaced(resource: string): boolean {
    return this.#current.has(resource);
  }

  get anyReplaced(): boolean {
    return this.#current.size > 0;
  }

  /** CSS text whose addresses stand for what is in place now. */
  renewedCss(text: string): string {
    return this.anyReplaced && this.renewal !== undefined ? this.renewal.css(text) : text;
  }

  /** Renews the references that new markup holds. */
  renewMarkup(root: ParentNode): void {
    if (this.anyReplaced) this.renewal?.markup(root);
  }

  /** From now on this address stands for the resource; undefined for the served one again. */
  replace(resource: string, url: string | undefined): void {
    if (url === undefined) this.#current.delete(resource);
    else {
      this.#current.set(resource, url);
      this.#ofUrl.set(url, resource);
    }
  }

  /** An address that stands for nothing any more. */
  forget(url: string): void {
    this.#ofUrl.delete(url);
  }

  /** The resource that an address stands for, whatever its query or fragment. */
  resourceOf(address: string, relativeTo: string = document.baseURI): string | undefined {
    const url = absolute(address, relativeTo);
    if (url === undefined) return undefined;
    const bare = url.replace(/[?#].*$/su, '');
    const known = this.#ofUrl.get(bare);
    if (known !== undefined || !bare.startsWith(this.#baseUrl)) return known;
    return `/${this.#base.module}/${decoded(bare.slice(this.#baseUrl.length))}`;
  }

  /** The address to put in the place of this one, or undefined where it is right as it is. */
  renewed(address: string, relativeTo?: string): string | undefined {
    const resource = this.resourceOf(address, relativeTo);
    if (resource === undefined) return undefined;
    const fragment = /#.*$/su.exec(address)?.[0] ?? '';
    const current = this.urlOf(resource);
    const url = absolute(address, relativeTo ?? document.baseURI)?.replace(/[?#].*$/su, '');
    return url === current ? undefined : current + fragment;
  }
}

const absolute = (address: string, relativeTo: string): string | undefined =>
  URL.canParse(address, relativeTo) ? new URL(address, relativeTo).href : undefined;

const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
};
