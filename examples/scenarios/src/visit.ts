import type { Page } from 'playwright-core';

/** What the page shows of one situation. */
interface SituationReport {
  readonly title: string;
  readonly holds: boolean;
  readonly checks: readonly { readonly title: string; readonly holds: boolean; readonly found?: string }[];
  readonly failure?: string;
}

export interface ScenarioReport {
  readonly number: number;
  readonly title: string;
  readonly situations: readonly SituationReport[];
}

/** How long one step may take on a busy machine. */
const stepMs = 60_000;

/**
 * Goes through the page as somebody would who tries everything by hand: chooses each situation, sets it up, runs it, checks
 * it, and reads what is shown.
 */
export async function* visit(page: Page): AsyncGenerator<ScenarioReport, void, undefined> {
  await page.waitForSelector('[data-scenario]', { timeout: stepMs });
  const count = await page.locator('[data-scenario]').count();
  for (let index = 0; index < count; index += 1) {
    const entry = page.locator('[data-scenario]').nth(index);
    await entry.getByRole('button').click();
    const number = Number(await entry.getAttribute('data-scenario'));
    const heading = (await page.locator('main h2').textContent()) ?? '';
    const situations: SituationReport[] = [];
    const pills = page.locator('.situations button');
    for (let at = 0; at < (await pills.count()); at += 1) {
      await pills.nth(at).click();
      const title = (await pills.nth(at).textContent()) ?? '';
      situations.push(await play(page, title));
    }
    yield { number, title: heading.replace(/^\d+\. /u, ''), situations };
  }
}

const play = async (page: Page, title: string): Promise<SituationReport> => {
  for (const step of ['set-up', 'run', 'check']) {
    await page.locator(`[data-step="${step}"]`).click();
    await page.locator('body:not([data-busy])').waitFor({ timeout: stepMs });
    const failure = page.locator('.steps .failure');
    if ((await failure.count()) > 0) {
      return { title, holds: false, checks: [], failure: (await failure.textContent()) ?? '' };
    }
  }
  const checks = await page.locator('#checks > li').evaluateAll((items) =>
    items.map((item) => {
      const found = item.querySelector('.found')?.textContent ?? undefined;
      const holds = item.getAttribute('data-holds') === 'true';
      const said = item.querySelector('span:nth-child(2)')?.textContent ?? '';
      return { title: said, holds, ...(found === undefined ? {} : { found }) };
    }),
  );
  return { title, holds: checks.length > 0 && checks.every(({ holds }) => holds), checks };
};
