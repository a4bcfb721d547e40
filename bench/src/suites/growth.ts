import { Type } from 'typebox';

import { module } from '../participants/installation.ts';
import { CatchUpSchema, HeadSchema } from '../participants/lagging.ts';
import { clientCpu, Participant } from '../participants/participant.ts';
import { TimesSchema } from '../participants/times-of.ts';
import { Installed } from '../push/installed.ts';
import { sampleText } from '../push/sample-text.ts';
import { figureOf } from '../report/figure.ts';
import type { Figure } from '../report/result.ts';
import { median } from '../statistics/median.ts';
import { Rounds, type Variant } from '../statistics/rounds.ts';
import type { Suite } from './suite.ts';

const bytes = 1_024;
const empty = 'empty';
/** Pushes that a runtime comes back for in a round; one is away for each. */
const returns = 10;

/**
 * What a relay whose journal holds many pushes already takes, against one whose journal is empty: until a push is accepted,
 * durably; until a runtime that was away has the push that it missed; until a page of histories and of pushes is read.
 */
export const growth: Suite = async ({ quick, tell, within }) => {
  const sizes = quick ? [1_000, 20_000] : [1_000, 100_000, 1_000_000];
  await using owner = new AsyncDisposableStack();
  const journals = new Map<string, Installed>();
  const stored: Record<string, number> = {};
  for (const earlier of [0, ...sizes]) {
    tell(`${earlier} pushes`);
    const startedAt = performance.now();
    const installed = owner.use(await Installed.start({ journal: { kind: 'sqlite' }, earlier }));
    await installed.join(1);
    await installed.prove(bytes, 1);
    journals.set(earlier === 0 ? empty : String(earlier), installed);
    if (earlier > 0) stored[`${earlier} pushes`] = installed.filledBytes / earlier;
    tell(`${earlier} pushes are there after ${Math.round((performance.now() - startedAt) / 1000)} s`);
  }
  const names = sizes.map(String);
  const rounds = { fewest: quick ? 5 : 9, most: quick ? 7 : 25 };

  tell('accepting');
  const accepting = [...journals].map(([name, { sender }]): Variant => async () => {
    const { times } = await sender.ask('acceptances', { bytes, count: quick ? 100 : 300 }, TimesSchema);
    return { [name]: median(times) };
  });
  await Rounds.run(accepting, { fewest: quick ? 4 : 12, most: quick ? 4 : 12, withinMs: within(0.1) });
  const accepts = await Rounds.run(accepting, {
    ...rounds,
    withinMs: within(0.25),
    until: names.map((name) => [name, empty] as const),
  });

  tell('reading');
  const reading = [...journals].map(([name, { sender }]): Variant => async () => {
    const { history, pushes } = await sender.ask('read', { count: 40 }, ReadSchema);
    return { [historyOf(name)]: median(history), [pushesOf(name)]: median(pushes) };
  });
  await Rounds.run(reading, { fewest: 2, most: 2 });
  const reads = await Rounds.run(reading, { ...rounds, withinMs: within(0.06) });

  tell('coming back');
  const returning: Variant[] = [];
  for (const [name, installed] of journals) returning.push(await returningTo(installed, name, owner));
  await Rounds.run(returning, { fewest: 2, most: 2 });
  const reconnects = await Rounds.run(returning, { ...rounds, withinMs: within(0.06) });

  const ratios = (id: string, measured: Rounds, keyOf: (name: string) => string): Figure[] =>
    names.map((name) => figureOf(`${id}.${name}`, measured.ratio(keyOf(name), keyOf(empty))));
  return {
    figures: [
      ...names.map((name) =>
        figureOf(name === '1000000' ? 'growth.accept' : `growth.accept.${name}`, accepts.ratio(name, empty)),
      ),
      ...ratios('growth.reconnect', reconnects, (name) => name),
      ...ratios('growth.history', reads, historyOf),
      ...ratios('growth.pushes', reads, pushesOf),
    ],
    details: {
      'ms until accepted': accepts.summary(),
      'ms from connecting until the push that was missed has arrived': reconnects.summary(),
      'ms for a page of 50': reads.summary(),
      'bytes of the journal’s files for each push of 1 KiB to one recipient': stored,
    },
  };
};

const historyOf = (name: string): string => `${name}, versions of a file`;
const pushesOf = (name: string): string => `${name}, latest pushes`;
const ReadSchema = Type.Object({ history: Type.Array(Type.Number()), pushes: Type.Array(Type.Number()) });
const HeadsSchema = Type.Object({ heads: Type.Array(HeadSchema) });

/** One that is away while a push is accepted, and connects then; again and again. */
const returningTo = async (
  installed: Installed,
  name: string,
  owner: AsyncDisposableStack,
): Promise<Variant> => {
  const { urls, sender } = installed;
  const runtime = owner.use(await Participant.start({ program: 'lagging', cpu: clientCpu }));
  await runtime.tell('enrol', { apiUrl: urls.apiUrl, joinCode: await installed.joinCode(1) });
  const resource = `/${module}/src/missed.js`;
  const measured = `/${module}/src/measured.css`;
  let version = 0;
  const pushNext = async (): Promise<string> => {
    const content = sampleText(bytes, (version += 1));
    await sender.tell('version', { resource, content });
    return content;
  };
  let content = await pushNext();
  return async () => {
    const times: number[] = [];
    while (times.length < returns) {
      const { heads } = await sender.ask('heads', { resources: [measured, resource] }, HeadsSchema);
      const next = await pushNext();
      const order = { relayUrl: urls.relayUrl, instance: 'away', heads, content };
      const { sinceConnectingMs } = await runtime.ask('catchUp', order, CatchUpSchema);
      times.push(sinceConnectingMs);
      content = next;
    }
    return { [name]: median(times) };
  };
};
