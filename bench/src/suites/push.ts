import { Type } from 'typebox';

import { TimesSchema } from '../participants/times-of.ts';
import { Anchor } from '../push/anchor.ts';
import { asSent, Installed } from '../push/installed.ts';
import { figureOf } from '../report/figure.ts';
import type { Bar, Figure } from '../report/result.ts';
import { median } from '../statistics/median.ts';
import { Rounds, type Variant } from '../statistics/rounds.ts';
import type { Suite, SuiteOptions } from './suite.ts';

const bars: { readonly undurable: Bar; readonly durable: Bar; readonly throughput: Bar } = {
  undurable: { atMost: 1.9 },
  durable: { atMost: 2.6 },
  throughput: { atLeast: 0.65 },
};
const sizes = [
  { suffix: '', bytes: 1_024 },
  { suffix: '.16k', bytes: 16_384 },
  { suffix: '.64k', bytes: 65_536 },
];

/**
 * Rounds before the measured ones. A relay runs for days, and how fast its code is goes on rising for ten thousand pushes;
 * that of the anchors is through much earlier, and gets as many.
 */
const warmUp = { full: 40, quick: 12 };

/** The same product twice: once keeping its journal in memory, once on the disk before anything is emitted. */
interface Both {
  readonly undurable: Installed;
  readonly durable: Installed;
}

/** One sender, one recipient, one push after the other; from the call to both confirmations. */
export const push: Suite = async (options) => {
  const figures: Figure[] = [];
  const details: Record<string, unknown> = {};
  await using undurable = await Installed.start({ journal: 'memory' });
  await using durable = await Installed.start({ journal: 'sqlite' });
  const both = { undurable, durable };
  await Promise.all([undurable.join(1), durable.join(1)]);
  for (const { suffix, bytes } of sizes) {
    options.tell(`${bytes} bytes`);
    const rounds = await measure(both, bytes, options);
    for (const kind of ['undurable', 'durable'] as const) {
      const bare = rounds.ratio(kind, 'ack');
      figures.push(
        figureOf(`push.${kind}${suffix}`, rounds.ratio(kind, 'ack signed'), { bare, bar: bars[kind] }),
      );
      details[`${bytes} bytes, ${kind}, against two signed hops`] = rounds.ratio(kind, 'two hops signed');
    }
    details[`${bytes} bytes, ms`] = rounds.summary();
    details[`${bytes} bytes, durable against undurable`] = rounds.ratio('durable', 'undurable');
  }
  options.tell('throughput');
  const { figure, summary } = await throughput(both, options);
  figures.push(figure);
  details['pushes per second, 1024 bytes, 64 under way'] = summary;
  return { figures, details };
};

const measure = async (both: Both, bytes: number, { quick }: SuiteOptions): Promise<Rounds> => {
  const delivered = await both.undurable.prove(bytes, 1);
  await both.durable.prove(bytes, 1);
  await using anchor = await Anchor.start(delivered.pushData.acceptance);
  await anchor.receivers(1);
  const envelope = asSent(delivered);
  const count = 300;
  const product =
    (name: keyof Both): Variant =>
    async () => {
      const order = { bytes, count, recipients: 1 };
      const { times } = await both[name].sender.ask('sequence', order, TimesSchema);
      return { [name]: median(times) };
    };
  const plain =
    (name: string, event: 'ack' | 'forward', signed: boolean): Variant =>
    async () => ({ [name]: median(await anchor.sequence({ event, signed, envelope, count })) });
  const variants: Variant[] = [
    product('undurable'),
    product('durable'),
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
    until: [
      ['undurable', 'ack signed'],
      ['durable', 'ack signed'],
    ],
  });
};

/** How many pushes a second come through when many are under way at once, each to its end. */
const throughput = async (
  both: Both,
  { quick }: SuiteOptions,
): Promise<{ figure: Figure; summary: object }> => {
  const product =
    (name: keyof Both): Variant =>
    async () => {
      const order = { bytes: 1_024, count: quick ? 500 : 2_000, files: 64 };
      const { perSecond } = await both[name].sender.ask(
        'pipeline',
        order,
        Type.Object({ perSecond: Type.Number() }),
      );
      return { [name]: perSecond };
    };
  const variants = [product('undurable'), product('durable')];
  await Rounds.run(variants, { fewest: 1, most: 1 });
  const rounds = await Rounds.run(variants, {
    fewest: quick ? 3 : 7,
    most: quick ? 4 : 15,
    until: [['durable', 'undurable']],
  });
  const figure = figureOf('throughput.durable', rounds.ratio('durable', 'undurable'), {
    bar: bars.throughput,
  });
  return { figure, summary: rounds.summary() };
};
