import type { CDPSession } from 'playwright-core';

import { launchChromium } from './chromium.ts';

/** How long the app may take until it shows itself. */
const startMs = 60_000;

/** A reading of the page, as a function's source: see `Change.inPage`. */
type Reading = () => string | undefined;

/**
 * The example in a headless Chromium, looked at from outside: over the browser's own debugging protocol, which reads the
 * page without going through anything that cd-push put there.
 */
export class Page {
  readonly #session: CDPSession;

  private constructor(session: CDPSession) {
    this.#session = session;
  }

  /**
   * Opens the page, waits until the app has started in it, and does what a visitor would: types a name, counts.
   *
   * @param owner ends the browser.
   */
  static async open(url: string, visitor: string, owner: AsyncDisposableStack): Promise<Page> {
    const browser = await launchChromium();
    owner.defer(() => browser.close());
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on('pageerror', ({ message }) => faults.push(message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    await page.goto(url);
    await page.waitForSelector('[data-more]:not(:empty)', { timeout: startMs }).catch((cause: unknown) => {
      throw new Error([`The app did not start in the page within ${startMs} ms.`, ...faults].join('\n'), {
        cause,
      });
    });
    await page.fill('input[name=visitor]', visitor);
    await page.click('[data-more]');
    return new Page(await page.context().newCDPSession(page));
  }

  async read(reading: Reading): Promise<string | undefined> {
    return textOrNothing(await this.#evaluate(`(${String(reading)})()`));
  }

  /**
   * Starts to look for a reading to change, and resolves once the page is looking.
   *
   * @returns a function that waits until it has changed, stops looking, and gives the moment since which the page shows
   *   what it shows then, on this process's clock (`performance.now()`).
   */
  async watch(reading: Reading): Promise<() => Promise<number>> {
    const offset = await this.#clockOffset();
    const { result } = await this.#session.send('Runtime.evaluate', {
      expression: `(${String(lookout)})(${String(reading)})`,
    });
    const { objectId } = result;
    if (objectId === undefined) throw new Error('The page cannot be watched.');
    return async () => {
      const settled = await this.#session.send('Runtime.callFunctionOn', {
        objectId,
        functionDeclaration: 'function () { return this.settle() }',
        awaitPromise: true,
        returnByValue: true,
      });
      return numberOf(valueOf(settled)) + offset;
    };
  }

  /**
   * What to add to the page's `performance.now()` for this process's. Both clocks run evenly on the same machine; asking
   * for the time takes a while, so the quickest of several questions counts, and errs by half its duration at most.
   */
  async #clockOffset(): Promise<number> {
    let best = { duration: Number.POSITIVE_INFINITY, offset: 0 };
    for (let round = 0; round < 10; round += 1) {
      const asked = performance.now();
      const there = numberOf(await this.#evaluate('performance.now()'));
      const answered = performance.now();
      const duration = answered - asked;
      if (duration < best.duration) best = { duration, offset: (asked + answered) / 2 - there };
    }
    return best.offset;
  }

  async #evaluate(expression: string): Promise<unknown> {
    return valueOf(await this.#session.send('Runtime.evaluate', { expression, returnByValue: true }));
  }
}

/**
 * Runs in the page. Looks when the document changes, when something in it has loaded, and before each frame; a change
 * that only shows in layout or paint is therefore seen up to one frame (17 ms) late, and none is seen early.
 */
const lookout = (reading: Reading): { settle(): Promise<number> } => {
  let shown = reading();
  let since: number | undefined;
  let onChange = (): void => {};
  const changed = new Promise<void>((resolve) => {
    onChange = resolve;
  });
  const look = (): void => {
    const now = reading();
    if (now === undefined || now === shown) return;
    shown = now;
    since = performance.now();
    onChange();
  };
  const onFrame = (): void => {
    frame = requestAnimationFrame(onFrame);
    look();
  };
  let frame = requestAnimationFrame(onFrame);
  const observer = new MutationObserver(look);
  observer.observe(document, { attributes: true, characterData: true, childList: true, subtree: true });
  document.addEventListener('load', look, true);
  return {
    settle: async () => {
      await changed;
      observer.disconnect();
      cancelAnimationFrame(frame);
      document.removeEventListener('load', look, true);
      return since ?? Number.NaN;
    },
  };
};

interface Evaluated {
  readonly result: { readonly value?: unknown };
  readonly exceptionDetails?: { readonly text: string };
}

const valueOf = ({ result, exceptionDetails }: Evaluated): unknown => {
  if (exceptionDetails !== undefined) throw new Error(`The page could not be read: ${exceptionDetails.text}`);
  return result.value;
};

const numberOf = (value: unknown): number => {
  if (typeof value !== 'number') throw new TypeError(`The page gave ${typeof value} for a time.`);
  return value;
};

const textOrNothing = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
