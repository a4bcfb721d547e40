import { join } from 'node:path';

import type { Settings } from '../settings/load-settings.ts';
import type { Talk } from '../talk/talk.ts';
import { tellProblem } from '../talk/tell-problem.ts';
import type { Reach, RunningStack } from './start-stack.ts';

/** What a page asks for that takes part. */
const bootPath = 'cd-push/boot.js';

export interface ReadyOptions {
  readonly settings: Settings;
  readonly reach: Reach;
  readonly stack: RunningStack;
  readonly entry: string;
  readonly readyMs: number;
  /** Whether this process pushes what is saved, too. */
  readonly watches: boolean;
}

/** The first words of a stack that runs: what it is of, what to do now, where things are; then what is amiss. */
export const tellReady = (talk: Talk, options: ReadyOptions): void => {
  const { settings, stack, readyMs, watches } = options;
  const { state } = stack;
  talk.say(
    `${talk.paint('green', `Ready in ${readyMs} ms`)}   ${talk.paint('bold', settings.module)} in ${settings.root}`,
  );
  talk.say();
  talk.say(`  open   ${talk.paint('bold', state.pageUrl)}`);
  if (!watches) talk.say(`  push   cd-cli watch   in another terminal, in this folder`);
  talk.say(`  stop   Ctrl-C`);
  talk.say();
  const places = [`api ${state.apiUrl}`, `relay ${state.relayUrl}`, `data ${settings.dataFolder}`];
  for (const place of places) talk.say(talk.paint('dim', place));
  tellReach(talk, options);
  tellAmiss(talk, options);
};

const tellReach = (talk: Talk, { reach, stack: { state } }: ReadyOptions): void => {
  if (reach.kind === 'loopback') {
    talk.say(
      talk.paint('dim', 'for this machine alone: every program of yours may push here, as its developer'),
    );
    return;
  }
  const { port } = new URL(state.pageUrl);
  talk.say('Other machines reach it as');
  for (const name of reach.names) talk.say(`  https://${name}:${port}/`);
  talk.say(`Their browsers must trust ${reach.certificate.authorityFile}`);
  talk.say(`which is also at ${state.pageUrl}cd-push/authority.pem`);
};

/** What will surprise whoever opens the page. */
const tellAmiss = (talk: Talk, { settings, stack, entry, watches }: ReadyOptions): void => {
  const { module, root } = settings;
  const { takenPort, base } = stack;
  const faults = base.problems();
  if (takenPort !== undefined)
    talk.warn(
      `Port ${takenPort} is taken, so the page has another. What a page keeps, it keeps under its address.`,
    );
  const page = base.bytesOf(`/${module}/index.html`);
  if (page === undefined) {
    talk.warn(`There is no ${join(root, 'index.html')}: there is no page to open yet.`);
    talk.next(`Make one that holds <script type="module" src="/${bootPath}"></script>`);
  } else if (!Buffer.from(page).includes(bootPath)) {
    talk.warn('index.html takes no part: the tag that starts the runtime is not in it.');
    talk.next(`Add <script type="module" src="/${bootPath}"></script>`);
  } else if (base.entry(entry) === undefined && !faults.some(({ resource }) => resource === entry)) {
    talk.warn(`The page starts with ${entry}, and there is no such file.`);
    talk.next('Make it, or name another one: cd-cli up --entry <file>');
  }
  // The watching tells of them itself.
  if (watches) return;
  for (const problem of faults)
    tellProblem(talk, problem, 'The page is served without this file until it is corrected.');
};
