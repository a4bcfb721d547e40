import { systemProgram } from '@cd-push/faults';

import { Schema, whyNoPostgres } from '../databases/postgres.ts';
import { Participant } from '../participants/participant.ts';
import { UrlSchema } from '../push/anchor.ts';
import { Installed } from '../push/installed.ts';
import { figureOf } from '../report/figure.ts';
import { median } from '../statistics/median.ts';
import { Rounds, type Variant } from '../statistics/rounds.ts';
import type { Suite } from './suite.ts';

const bytes = 1_024;
const one = 'one relay';
const two = 'two relays';
const perSecond = (name: string): string => `${name}, pushes per second`;

/**
 * Two relays on one PostgreSQL that Redis wakes, the sender at one and the recipient at the other, against one relay on the
 * same PostgreSQL. Both relays share the processor of servers: what is measured is what the way between them costs, not
 * what a second machine would bring.
 */
export const twoNodes: Suite = async ({ quick, tell, within }) => {
  const whyNot = (await whyNoPostgres()) ?? whyNoRedis();
  if (whyNot !== undefined) {
    tell(`left out: ${whyNot}`);
    return { figures: [], details: { 'left out': whyNot } };
  }
  await using owner = new AsyncDisposableStack();
  const broker = owner.use(await Participant.start({ program: 'broker' }));
  const { url: redis } = await broker.ask('start', { name: 'redis' }, UrlSchema);
  const startOn = async (redisUrl?: string): Promise<Installed> => {
    const { url, name } = owner.use(new Schema());
    const journal = { kind: 'postgres', url, schema: name } as const;
    const installed = owner.use(await Installed.start({ journal, redis: redisUrl }));
    await installed.join(1);
    await installed.prove(bytes, 1);
    return installed;
  };
  const products = new Map([
    [one, await startOn()],
    [two, await startOn(redis)],
  ]);

  tell('latency');
  const latency = [...products].map(([name, installed]): Variant => async () => ({
    [name]: median(await installed.sequence({ bytes, count: quick ? 100 : 200, recipients: 1 })),
  }));
  const warming = quick ? 4 : 8;
  await Rounds.run(latency, { fewest: warming, most: warming, withinMs: within(0.2) });
  const times = await Rounds.run(latency, {
    fewest: quick ? 5 : 9,
    most: quick ? 7 : 25,
    withinMs: within(0.3),
    until: [[two, one]],
  });

  tell('throughput');
  const throughput = [...products].map(([name, installed]): Variant => async () => ({
    [perSecond(name)]: await installed.perSecond({ bytes, count: quick ? 300 : 2_000, files: 64 }),
  }));
  await Rounds.run(throughput, { fewest: 1, most: 1 });
  const speeds = await Rounds.run(throughput, {
    fewest: quick ? 3 : 7,
    most: quick ? 4 : 15,
    withinMs: within(0.3),
    until: [[perSecond(two), perSecond(one)]],
  });

  const added = times.values(two).map((ms, round) => ms - (times.values(one)[round] ?? Number.NaN));
  return {
    figures: [
      figureOf('two-nodes.latency', times.ratio(two, one), { note: 'tracked push, against one relay' }),
      figureOf('two-nodes.throughput', speeds.ratio(perSecond(two), perSecond(one)), {
        note: 'both relays on one processor',
      }),
    ],
    details: {
      'ms from the call to completed': times.summary(),
      'ms added by the second relay': {
        median: median(added),
        min: Math.min(...added),
        max: Math.max(...added),
      },
      'pushes per second, 64 under way': speeds.summary(),
    },
  };
};

const whyNoRedis = (): string | undefined => {
  try {
    systemProgram('redis-server');
    return undefined;
  } catch (error) {
    return String(error);
  }
};
