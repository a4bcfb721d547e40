import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';

import { launchChromium } from '../chromium.ts';
import { Signer } from '../signer.ts';
import { PageWorld } from './page-world.ts';

/** What each test of a suite has: a browser profile and a server of its own. */
export interface Suite {
  readonly signer: Signer;
  readonly context: BrowserContext;
  readonly world: PageWorld;
}

/** Sets up a suite of pages. Whatever a test does, its page must not have broken its content security policy. */
export const pageSuite = (): Suite => {
  let browser: Browser;
  let signer: Signer;
  let context: BrowserContext;
  let world: PageWorld;
  beforeAll(async () => {
    [browser, signer] = await Promise.all([launchChromium(), Signer.create()]);
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    context = await browser.newContext();
    world = await PageWorld.create(signer, context);
  });
  afterEach(async ({ task }) => {
    try {
      // The page of a test that failed may hang, and would never answer.
      if (task.result?.state !== 'fail') expect(await world.violations()).toEqual([]);
    } finally {
      await Promise.all([context.close(), world.close()]);
    }
  });
  return {
    get signer() {
      return signer;
    },
    get context() {
      return context;
    },
    get world() {
      return world;
    },
  };
};

export const stages = (outcome: { readonly reports: readonly { readonly stage: string }[] }): string[] =>
  outcome.reports.map(({ stage }) => stage);
