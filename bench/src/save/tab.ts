import type { BrowserContext, CDPSession } from 'playwright-core';

import type { Kind } from './project.ts';

/** How long the app may take to start, and how long a save may take before it counts as missed. */
const startMs = 30_000;
const missedMs = 4_000;

/** What the page offers the measurement; files of the project call `applied`. */
interface Recorder {
  applied(kind: string, number: number): void;
  next(kind: string, number: number): Promise<number>;
}

/**
 * Runs in the page before anything else. It notes the moment at which the page has what was saved: for a style, when the
 * document's computed style says so, right after the sheet was put in; for a template, when the element stands in the
 * document; for code and configs, when the app's own callback is called with the new value.
 */
const record = (): void => {
  const waiting = new Map<string, (at: number) => void>();
  const seen = new Map<string, { readonly number: number; readonly at: number }>();
  const recorder: Recorder = {
    applied(kind, number) {
      const at = performance.now();
      seen.set(kind, { number, at });
      waiting.get(`${kind} ${number}`)?.(at);
    },
    next: (kind, number) =>
      new Promise((resolve) => {
        const last = seen.get(kind);
        if (last?.number === number) resolve(last.at);
        else waiting.set(`${kind} ${number}`, resolve);
      }),
  };
  Object.assign(globalThis, { bench: recorder });
  const look = (): void => {
    const style = Number(getComputedStyle(document.documentElement).getPropertyValue('--saved'));
    if (seen.get('style')?.number !== style) recorder.applied('style', style);
    const card = Number(document.querySelector<HTMLElement>('[data-saved]')?.dataset.saved ?? 0);
    if (seen.get('template')?.number !== card) recorder.applied('template', card);
  };
  new MutationObserver(look).observe(document, {
    childList: true,
    subtree: true,
    characterData: true,
    attributes: true,
  });
};

/** A tab with the app running in it. */
export class Tab {
  readonly #session: CDPSession;
  #offset = 0;

  private constructor(session: CDPSession) {
    this.#session = session;
  }

  static async open(context: BrowserContext, url: string): Promise<Tab> {
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', ({ message }) => faults.push(message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    await page.addInitScript(record);
    await page.goto(url);
    const tab = new Tab(await context.newCDPSession(page));
    if ((await tab.#within(startMs, "bench.next('start', 1)")) === undefined)
      throw new Error(['The app did not start in the page.', ...faults].join('\n'));
    return tab;
  }

  /**
   * Learns what to add to the page's clock for this process's: the quickest of several questions counts, and errs by half
   * of its duration at most.
   */
  async synchronise(): Promise<void> {
    let shortest = Number.POSITIVE_INFINITY;
    for (let question = 0; question < 10; question += 1) {
      const asked = performance.now();
      const there = await this.#evaluate('performance.now()');
      const answered = performance.now();
      if (answered - asked >= shortest) continue;
      shortest = answered - asked;
      this.#offset = (asked + answered) / 2 - there;
    }
  }

  /**
   * Starts to wait for a save to be applied.
   *
   * @returns the moment, on this process's clock; undefined where it never comes.
   */
  async applied(kind: Kind, number: number): Promise<number | undefined> {
    const at = await this.#within(missedMs, `bench.next('${kind}', ${number})`);
    return at === undefined ? undefined : at + this.#offset;
  }

  async #within(ms: number, expression: string): Promise<number | undefined> {
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => late.resolve(undefined), ms);
    try {
      // A page that is loaded anew meanwhile has not applied anything.
      const evaluated = this.#evaluate(expression).catch(() => undefined);
      return await Promise.race([evaluated, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #evaluate(expression: string): Promise<number> {
    const order = { expression, awaitPromise: true, returnByValue: true };
    const { result } = await this.#session.send('Runtime.evaluate', order);
    if (typeof result.value === 'number') return result.value;
    throw new TypeError(`${expression} gave no number.`);
  }
}
