import { problemOf, ProblemError, type Problem } from '@cd-push/protocol';

import type { Change } from '../line/push.ts';
import type { Component, Staged } from './component.ts';
import { textOf } from './content-text.ts';
import type { References } from './references.ts';

const mark = 'data-cd-style';

/** One place in the page where a style sheet stands. */
type Place =
  | { readonly kind: 'link'; readonly link: HTMLLinkElement }
  | { readonly kind: 'style'; readonly style: HTMLStyleElement };

/**
 * Style sheets of the page. A pushed one takes the place of its `<link>` as a `<style>` in the same turn of the event
 * loop, so that order and media stay and no frame is painted without it.
 */
export class Styles implements Component {
  readonly #references: References;
  /** Pushed texts as they came. */
  readonly #texts = new Map<string, string>();
  /** Sheets that modules import, and that no link of the page stands for. */
  readonly #imported = new Map<string, HTMLStyleElement>();

  constructor(references: References) {
    this.#references = references;
  }

  /** Puts content in place before the program runs; null stands for deleted. */
  load(resource: string, text: string | null): void {
    const commits: (() => void)[] = [];
    this.#put(resource, text, commits);
    for (const commit of commits) commit();
  }

  /** Gives markup that is new in the page, or will be, the pushed texts of what it links. */
  adopt(root: ParentNode): void {
    for (const [resource, text] of this.#texts) {
      for (const { link } of this.#links(root, resource))
        link.replaceWith(this.#styleFor(resource, text, link));
    }
  }

  /** A style sheet that a module imports. */
  applyImported(resource: string, text: string): void {
    const known = this.#imported.get(resource);
    if (known !== undefined) {
      known.textContent = this.#references.renewedCss(text);
      return;
    }
    const style = this.#styleFor(resource, text, undefined);
    this.#imported.set(resource, style);
    document.head.append(style);
  }

  removeImported(resource: string): void {
    this.#imported.get(resource)?.remove();
    this.#imported.delete(resource);
  }

  stage(changes: readonly Change[]): Staged {
    const next = new Map<string, string | null>();
    for (const { head, content } of changes) {
      if (head.change === 'rename' && head.from !== undefined) next.set(head.from, null);
      next.set(head.resource, textOf(content) ?? null);
    }
    const undos: (() => void)[] = [];
    const commits: (() => void)[] = [];
    return {
      apply: () => {
        for (const [resource, text] of next) this.#put(resource, text, commits, undos);
      },
      restore: () => {
        for (const undo of undos.toReversed()) undo();
      },
      commit: () => {
        for (const commit of commits) commit();
      },
    };
  }

  /** Puts a text wherever the page has the sheet; null takes it away. */
  #put(resource: string, text: string | null, commits: (() => void)[], undos: (() => void)[] = []): void {
    const former = this.#texts.get(resource);
    undos.push(() => {
      if (former === undefined) this.#texts.delete(resource);
      else this.#texts.set(resource, former);
    });
    for (const place of [...this.#links(document, resource), ...this.#styles(resource)]) {
      undos.push(this.#putAt(place, resource, text, commits));
    }
    if (text === null) this.#texts.delete(resource);
    else this.#texts.set(resource, text);
  }

  #putAt(place: Place, resource: string, text: string | null, commits: (() => void)[]): () => void {
    switch (place.kind) {
      case 'style': {
        const { style } = place;
        const former = style.textContent;
        style.textContent = text === null ? '' : this.#references.renewedCss(text);
        return () => {
          style.textContent = former;
        };
      }
      case 'link': {
        const { link } = place;
        // A sheet that is switched off is not loaded anew when it is switched on again; a link that was taken out is.
        setDisabled(link, true);
        // A deleted sheet leaves an empty one, which keeps its place should it come back.
        const style = this.#styleFor(resource, text ?? '', link);
        link.after(style);
        commits.push(() => link.remove());
        const undo = (): void => {
          style.remove();
          setDisabled(link, false);
        };
        if (style.sheet === null) {
          undo();
          throw new ProblemError(forbidden(resource));
        }
        return undo;
      }
      default:
        return place satisfies never;
    }
  }

  #styleFor(resource: string, text: string, link: HTMLLinkElement | undefined): HTMLStyleElement {
    const style = document.createElement('style');
    style.setAttribute(mark, resource);
    if (link !== undefined) {
      if (link.media !== '') style.media = link.media;
      if (link.title !== '') style.title = link.title;
      if (link.id !== '') style.id = link.id;
      // A policy that asks for nonces let the link pass with this one.
      if (link.nonce !== '') style.nonce = link.nonce;
    }
    style.textContent = this.#references.renewedCss(text);
    return style;
  }

  #links(root: ParentNode, resource: string): Extract<Place, { kind: 'link' }>[] {
    return [...root.querySelectorAll<HTMLLinkElement>('link[rel~="stylesheet"]')]
      .filter((link) => this.#resourceOf(link) === resource)
      .map((link) => ({ kind: 'link', link }));
  }

  #styles(resource: string): Extract<Place, { kind: 'style' }>[] {
    return [...document.querySelectorAll<HTMLStyleElement>(`style[${mark}="${CSS.escape(resource)}"]`)].map(
      (style) => ({
        kind: 'style',
        style,
      }),
    );
  }

  /** `data-cd-style` says it outright; otherwise the address does. */
  #resourceOf(link: HTMLLinkElement): string | undefined {
    const said = link.getAttribute(mark);
    return said === null || said === '' ? this.#references.resourceOf(link.getAttribute('href') ?? '') : said;
  }
}

const forbidden = (resource: string): Problem =>
  problemOf('apply-failed', {
    resource,
    detail:
      'The page’s content security policy forbids <style>: allow it in style-src, or give the sheet’s <link> a nonce.',
  });

const setDisabled = (link: HTMLLinkElement, disabled: boolean): void => {
  if (link.sheet !== null) link.sheet.disabled = disabled;
};
