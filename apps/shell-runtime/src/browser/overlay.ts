import type { Problem } from '@cd-push/protocol';

import { overlayStyle } from './overlay-style.ts';

/** Milliseconds for which good news stay, unless the pointer or the focus is on them. */
const newsMs = 4_000;
/** By then a push is in place in every tab, which share processors with what is drawn for this. */
const newsAfterMs = 250;
/** Notes that are shown at once; older ones make room. */
const shownNotes = 4;

interface Note {
  readonly kind: 'sync' | 'notice' | 'failure';
  readonly title: string;
  readonly text?: string | undefined;
  /** Shown in fixed width, as it is. */
  readonly stack?: string | undefined;
  /** What a failure is about; it is gone once that was updated. */
  readonly resource?: string | undefined;
  readonly action?: { readonly label: string; readonly run: () => void } | undefined;
}

/**
 * Small notes in a corner of the page, out of reach of the page's styles. Everything goes in as text: pushed and reported
 * words are never markup here.
 */
export class Overlay {
  #list: HTMLElement | undefined;
  /** The latest good news, which say it once more where the same comes again. */
  #news: { readonly title: string; readonly note: HTMLElement; readonly stay: () => void } | undefined;
  /** Titles of news that are not shown yet, in their order. */
  #untold: string[] = [];

  synced(resources: readonly string[]): void {
    for (const note of this.#list?.querySelectorAll<HTMLElement>('[data-resource]') ?? []) {
      if (resources.includes(note.dataset.resource ?? '')) note.remove();
    }
    const [first = ''] = resources;
    const more = resources.length - 1;
    if (this.#untold.length === 0) setTimeout(() => this.#tell(), newsAfterMs);
    this.#untold.push(more > 0 ? `${nameOf(first)} and ${more} more updated` : `${nameOf(first)} updated`);
  }

  notice(from: string, text: string): void {
    this.#add({ kind: 'notice', title: from, text });
  }

  /** The page keeps more old code than it should. */
  restartDue(): void {
    this.#add({
      kind: 'notice',
      title: 'Time to reload',
      text: 'This page has taken in many updates, whose old code browsers keep until a page is loaded anew.',
      action: reload,
    });
  }

  failed(problem: Problem, resources: readonly string[]): void {
    const { kind, title, detail, stack, resource = resources[0] } = problem;
    this.#add({
      kind: 'failure',
      title: resource === undefined ? title : `${nameOf(resource)}: ${title}`,
      text: detail,
      resource,
      stack,
      action: kind === 'restart-required' ? reload : undefined,
    });
  }

  #tell(): void {
    for (const title of this.#untold.splice(0)) {
      const news = this.#news;
      if (news?.title === title && news.note === this.#list?.lastElementChild) {
        // Whoever saves every second sees a number change, and the page has nothing to animate.
        again(news.note);
        news.stay();
      } else {
        const note = this.#add({ kind: 'sync', title });
        this.#news = { title, note, stay: fade(note) };
      }
    }
  }

  #add({ kind, title, text, stack, resource, action }: Note): HTMLElement {
    // What came before it stands above it.
    this.#tell();
    const list = (this.#list ??= createList());
    const note = element('li', kind);
    // Failures interrupt who listens to the page, the others wait for a pause.
    if (resource !== undefined) note.dataset.resource = resource;
    note.setAttribute('role', kind === 'failure' ? 'alert' : 'status');
    const head = note.appendChild(element('div', 'head'));
    head.appendChild(element('strong', 'title', title));
    const dismiss = head.appendChild(element('button', 'dismiss', '×'));
    dismiss.setAttribute('type', 'button');
    dismiss.setAttribute('aria-label', 'Dismiss');
    const remove = (): void => note.remove();
    dismiss.addEventListener('click', remove);
    note.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') remove();
    });
    if (text !== undefined) note.appendChild(element('p', 'text', text));
    if (stack !== undefined) {
      const frames = note.appendChild(element('pre', 'stack', stack));
      // What scrolls has to be reachable without a pointer.
      frames.tabIndex = 0;
    }
    if (action !== undefined) {
      const button = note.appendChild(element('button', 'action', action.label));
      button.setAttribute('type', 'button');
      button.addEventListener('click', action.run);
    }
    list.append(note);
    while (list.children.length > shownNotes) list.firstElementChild?.remove();
    return note;
  }
}

const reload = { label: 'Reload', run: (): void => location.reload() };

/** Counts how often a note would have been shown. */
const again = (note: HTMLElement): void => {
  const times = note.querySelector<HTMLElement>('.times') ?? element('span', 'times');
  const count = Number(times.dataset.count ?? 1) + 1;
  times.dataset.count = String(count);
  times.textContent = `×${count}`;
  if (!times.isConnected) note.querySelector('.title')?.after(times);
};

/**
 * Takes a note away after its time; reading it stops the time.
 *
 * @returns begins the time anew, unless it is being read.
 */
const fade = (note: HTMLElement): (() => void) => {
  const remove = (): void => note.remove();
  let timer = setTimeout(remove, newsMs);
  const stay = (): void => clearTimeout(timer);
  const go = (): void => {
    stay();
    timer = setTimeout(remove, newsMs);
  };
  note.addEventListener('pointerenter', stay);
  note.addEventListener('pointerleave', go);
  note.addEventListener('focusin', stay);
  note.addEventListener('focusout', go);
  return () => {
    if (!note.matches(':hover, :focus-within')) go();
  };
};

const createList = (): HTMLElement => {
  const host = document.createElement('cd-push-overlay');
  const root = host.attachShadow({ mode: 'open' });
  // Set through the object model, which a policy on inline styles does not forbid.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(overlayStyle);
  root.adoptedStyleSheets = [sheet];
  const list = element('ol', 'notes');
  // There before the first note is, or its first words would not be read out.
  list.setAttribute('aria-live', 'polite');
  list.setAttribute('aria-label', 'Updates of this page');
  root.append(list);
  document.documentElement.append(host);
  return list;
};

const element = (tag: string, className: string, text?: string): HTMLElement => {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};

/** A resource as people call it: without its module. */
const nameOf = (resource: string): string => resource.slice(resource.indexOf('/', 1) + 1);
