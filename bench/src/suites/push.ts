import { Schema, whyNoPostgres } from '../databases/postgres.ts';
import { Anchor } from '../push/anchor.ts';
import { asSent, Installed } from '../push/installed.ts';
import { figureOf } from '../report/figure.ts';
import type { Figure } from '../report/result.ts';
import { median } from '../statistics/median.ts';
import { Rounds, type Variant } from '../statistics/rounds.ts';
import type { Suite, SuiteOptions } from './suite.ts';

/** Where the same product keeps its journal: in memory, or on the disk before anything is emitted. */
type Keeping = 'undurable' | 'durable' | 'postgres';

const sizes = [
  { suffix: '', bytes: 1_024, part: 0.4 },
  { suffix: '.16k', bytes: 16_384, part: 0.2 },
  { suffix: '.64k', bytes: 65_536, part: 0.2 },
];

/**
 * Rounds before the measured ones. A relay runs for days, and how fast its code is goes on rising for ten thousand pushes;
 * that of the anchors is through much earlier, and gets as many.
 */
const warmUp = { full: 40, quick: 10 };

/** One sender, one recipient, one push after the other; from the call to both confirmations. */
export const push: Suite = async (options) => {
  const { quick, tell, within } = options;
  const figures: Figure[] = [];
  const details: Record<string, unknown> = {};
  await using owner = new AsyncDisposableStack();
  const products = new Map<Keeping, Installed>([
    ['undurable', owner.use(await Installed.start({ journal: { kind: 'memory' } }))],
    ['durable', owner.use(await Installed.start({ journal: { kind: 'sqlite' } }))],
  ]);
  const whyNot = await whyNoPostgres();
  if (whyNot === undefined) {
    const { url, name } = owner.use(new Schema());
    const journal = { kind: 'postgres', url, schema: name } as const;
    products.set('postgres', owner.use(await Installed.start({ journal })));
  } else {
    tell(`without postgres: ${whyNot}`);
    details['without postgres'] = whyNot;
  }
  for (const installed of products.values()) await installed.join(1);
  for (const { suffix, bytes, part } of quick ? sizes.slice(0, 1) : sizes) {
    tell(`${bytes} bytes`);
    const rounds = await measure(products, bytes, options, within(quick ? 0.9 : part));
    for (const kind of products.keys()) {
      const bare = rounds.ratio(kind, 'ack');
      figures.push(figureOf(`push.${kind}${suffix}`, rounds.ratio(kind, 'ack signed'), { bare }));
      details[`${bytes} bytes, ${kind}, against two signed hops`] = rounds.ratio(kind, 'two hops signed');
    }
    details[`${bytes} bytes, ms`] = rounds.summary();
    details[`${bytes} bytes, durable against undurable`] = rounds.ratio('durable', 'undurable');
  }
  tell('throughput');
  const rounds = await throughput(products, options);
  for (const kind of products.keys()) {
    if (kind !== 'undurable') figures.push(figureOf(`throughput.${kind}`, rounds.ratio(kind, 'undurable')));
  }
  details['pushes per second, 1024 bytes, 64 under way'] = rounds.summary();
  return { figures, details };
};

const measure = async (
  products: ReadonlyMap<Keeping, Installed>,
  bytes: number,
  { quick }: SuiteOptions,
  withinMs: number,
): Promise<Rounds> => {
  const [delivered] = await Promise.all([...products.values()].map((installed) => installed.prove(bytes, 1)));
  if (delivered === undefined) throw new Error('There is nothing to measure.');
  await using anchor = await Anchor.start(delivered.pushData.acceptance);
  await anchor.receivers(1);
  const envelope = asSent(delivered);
  const count = quick ? 150 : 300;
  const plain =
    (name: string, event: 'ack' | 'forward', signed: boolean): Variant =>
    async () => ({ [name]: median(await anchor.sequence({ event, signed, envelope, count })) });
  const variants: Variant[] = [
    ...[...products].map(([kind, installed]): Variant => async () => ({
      [kind]: median(await installed.sequence({ bytes, count, recipients: 1 })),
    })),
    plain('ack', 'ack', false),
    plain('ack signed', 'ack', true),
    plain('two hops', 'forward', false),
    plain('two hops signed', 'forward', true),
  ];
  const warming = quick ? warmUp.quick : warmUp.full;
  await Rounds.run(variants, { fewest: warming, most: warming, withinMs: withinMs / 2 });
  return await Rounds.run(variants, {
    fewest: quick ? 5 : 9,
    most: quick ? 7 : 25,
    withinMs: withinMs / 2,
    until: [
      ['undurable', 'ack signed'],
      ['durable', 'ack signed'],
    ],
  });
};

/** How many pushes a second come through when many are under way at once, each to its end. */
const throughput = async (
  products: ReadonlyMap<Keeping, Installed>,
  { quick, within }: SuiteOptions,
): Promise<Rounds> => {
  const variants = [...products].map(([kind, installed]): Variant => async () => ({
    [kind]: await installed.perSecond({ bytes: 1_024, count: quick ? 500 : 2_000, files: 64 }),
  }));
  await Rounds.run(variants, { fewest: 1, most: 1 });
  return Rounds.run(variants, {
    fewest: quick ? 3 : 7,
    most: quick ? 4 : 15,
    withinMs: within(0.1),
    until: [['durable', 'undurable']],
  });
};
