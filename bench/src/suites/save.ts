import type { Browser } from 'playwright-core';

import { figureOf } from '../report/figure.ts';
import type { Figure } from '../report/result.ts';
import { launchChromium } from '../save/chromium.ts';
import { startCdPush, startFloor, startVite } from '../save/products.ts';
import { kinds, makeProject, type Kind, type Project } from '../save/project.ts';
import { Saver } from '../save/saver.ts';
import { Tab } from '../save/tab.ts';
import { median } from '../statistics/median.ts';
import { Rounds, type Variant } from '../statistics/rounds.ts';
import type { Suite, SuiteOptions } from './suite.ts';

/** Kinds for which the floor is measured. */
const floored: ReadonlySet<Kind> = new Set<Kind>(['style', 'module']);

/**
 * From writing a file to its being applied in the last tab, by `cd-cli up` and `watch`, against Vite's HMR; and what a watcher,
 * a WebSocket and a page take with nothing between, against Vite as well.
 */
export const save: Suite = async (options) => {
  await using owner = new AsyncDisposableStack();
  const browser = await launchChromium();
  owner.defer(() => browser.close());
  const ours = await makeProject('cd-push');
  owner.defer(ours.remove);
  const theirs = await makeProject('vite');
  owner.defer(theirs.remove);
  const cdPush = await startCdPush(ours, owner, 'up and watch');
  const vite = await startVite(theirs, owner);
  const bare = await makeProject('vite');
  owner.defer(bare.remove);
  const floor = await startFloor(bare, owner);

  const figures: Figure[] = [];
  const details: Record<string, unknown> = {};
  for (const tabs of [1, 8]) {
    await using ourTabs = await openTabs(browser, ours, cdPush.url, tabs);
    await using theirTabs = await openTabs(browser, theirs, vite.url, tabs);
    await using bareTabs = await openTabs(browser, bare, floor.url, tabs);
    for (const kind of kinds) {
      const id = `save.${kind}.tab${tabs}`;
      options.tell(id);
      const savers = { 'cd-push': ourTabs.saver, vite: theirTabs.saver };
      const isFloored = floored.has(kind) && !options.quick;
      const rounds = await compare(kind, isFloored ? { ...savers, floor: bareTabs.saver } : savers, options);
      figures.push(figureOf(id, rounds.ratio('cd-push', 'vite')));
      if (isFloored) {
        const note = 'nothing between the watcher and the page';
        figures.push(figureOf(`save.floor.${kind}.tab${tabs}`, rounds.ratio('floor', 'vite'), { note }));
      }
      details[`${id}, ms`] = rounds.summary();
    }
    details[`missed saves, ${tabs} tabs`] = { 'cd-push': ourTabs.saver.missed, vite: theirTabs.saver.missed };
  }
  return { figures, details };
};

const compare = async (
  kind: Kind,
  savers: Readonly<Record<string, Saver>>,
  { quick, within }: SuiteOptions,
): Promise<Rounds> => {
  const count = quick ? 5 : 11;
  const variant =
    (name: string, saver: Saver): Variant =>
    async () => ({ [name]: median(await saver.save(kind, count)) });
  const variants = Object.entries(savers).map(([name, saver]) => variant(name, saver));
  await Rounds.run(variants, { fewest: 1, most: 1 });
  return Rounds.run(variants, {
    fewest: quick ? 3 : 7,
    most: quick ? 4 : 15,
    withinMs: within(1 / (2 * kinds.length)),
    until: [['cd-push', 'vite']],
  });
};

/** Numbers go on where the tabs before left off: what is saved must be new. */
const openTabs = async (
  browser: Browser,
  project: Project,
  url: string,
  count: number,
): Promise<{ saver: Saver } & AsyncDisposable> => {
  const context = await browser.newContext();
  const tabs: Tab[] = [];
  for (let index = 0; index < count; index += 1) tabs.push(await Tab.open(context, url));
  return { saver: new Saver(project, tabs), [Symbol.asyncDispose]: () => context.close() };
};
