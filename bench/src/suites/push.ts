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
  { id: 'push.undurable.16k', bytes: 16_384, bar },
  { id: 'push.undurable.64k', bytes: 65_536, bar },
];

/**
 * Rounds before the measured ones. A relay runs for days, and how fast its code is goes on rising for ten thousand pushes;
 * that of the anchors is through much earlier, and gets as many.
 */
const warmUp = { full: 40, quick: 12 };

/** One sender, one recipient, one push after the other; from the call to both confirmations. */
export const push: Suite = async (options) => {
  const figures: Figure[] = [];
  const details: Record<string, unknown> = {};
  await using installed = await Installed.start();
  await installed.join(1);
  for (const { id, bytes, bar: bound } of sizes) {
    options.tell(`${bytes} bytes`);
    const rounds = await measure(installed, bytes, options);
    const bare = rounds.ratio('push', 'ack');
    figures.push(figureOf(id, rounds.ratio('push', 'ack signed'), { bare, bar: bound }));
    details[`${bytes} bytes, ms`] = rounds.summary();
    details[`${bytes} bytes, against two signed hops`] = rounds.ratio('push', 'two hops signed');
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
  const count = 300;
  const plain =
    (name: string, event: 'ack' | 'forward', signed: boolean): Variant =>
    async () => ({ [name]: median(await anchor.sequence({ event, signed, envelope, count })) });
  const variants: Variant[] = [
    async () => {
      const { times } = await installed.sender.ask('sequence', { bytes, count, recipients: 1 }, TimesSchema);
      return { push: median(times) };
    },
    plain('ack', 'ack', false),
    plain('ack signed', 'ack', true),
    plain('two hops', 'forward', false),
    plain('two hops signed', 'forward', true),
  ];
  const warming = quick ? warmUp.quick : warmUp.full;
  await Rounds.run(variants, { fewest: warming, most: warming });
  return await Rounds.run(variants, {
    fewest: quick ? 5 : 9,
    most: quick ? 7 : 25,
    until: [['push', 'ack signed']],
  });
};
