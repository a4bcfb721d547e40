import { Type } from 'typebox';

import { TimesSchema } from '../participants/times-of.ts';
import { Anchor } from '../push/anchor.ts';
import { asSent, Installed } from '../push/installed.ts';
import { figureOf } from '../report/figure.ts';
import type { Figure } from '../report/result.ts';
import { median } from '../statistics/median.ts';
import { Rounds, type Variant } from '../statistics/rounds.ts';
import type { Suite, SuiteOptions } from './suite.ts';

const bar = { atMost: 1.9 };
const sizes = [
  { id: 'push.undurable', bytes: 1_024, bar },
  { id: 'push.undurable.16k', bytes: 16_384 },
  { id: 'push.undurable.64k', bytes: 65_536 },
];

/** One sender, one recipient, one push after the other; from the call to both confirmations. */
export const push: Suite = async (options) => {
  const figures: Figure[] = [];
  const details: Record<string, unknown> = {};
  await using installed = await Installed.start();
  await installed.join(1);
  for (const { id, bytes, bar: bound } of sizes) {
    options.tell(`${bytes} bytes`);
    const rounds = await measure(installed, bytes, options);
    figures.push(
      figureOf(id, rounds.ratio('push', 'ack signed'), {
        bare: rounds.ratio('push', 'ack'),
        ...(bound === undefined ? {} : { bar: bound }),
      }),
    );
    details[`${bytes} bytes, ms`] = {
      ...rounds.summary(),
      'push against two signed hops': rounds.ratio('push', 'two hops signed').ratio,
    };
  }
  const count = options.quick ? 500 : 4_000;
  details['pushes per second, 1024 bytes'] = await installed.sender.ask(
    'pipeline',
    { bytes: 1_024, count, files: 64 },
    Type.Object({ perSecond: Type.Number() }),
  );
  return { figures, details };
};

const measure = async (installed: Installed, bytes: number, { quick }: SuiteOptions): Promise<Rounds> => {
  const delivered = await installed.prove(bytes, 1);
  await using anchor = await Anchor.start(delivered.pushData.acceptance);
  await anchor.receivers(1);
  const envelope = asSent(delivered);
  const count = quick ? 100 : 300;
  const plain = (name: string, event: 'ack' | 'forward', signed: boolean): Variant => ({
    name,
    round: async () => median(await anchor.sequence({ event, signed, envelope, count })),
  });
  const variants: Variant[] = [
    {
      name: 'push',
      round: async () =>
        median((await installed.sender.ask('sequence', { bytes, count, recipients: 1 }, TimesSchema)).times),
    },
    plain('ack', 'ack', false),
    plain('ack signed', 'ack', true),
    plain('two hops', 'forward', false),
    plain('two hops signed', 'forward', true),
  ];
  // Code gets fast by being run: what is compiled on the way is not measured.
  await Rounds.run(variants, { fewest: quick ? 2 : 4, most: quick ? 2 : 4 });
  return await Rounds.run(variants, {
    fewest: quick ? 5 : 9,
    most: quick ? 7 : 25,
    until: [['push', 'ack signed']],
  });
};
