import { TimesSchema } from '../participants/times-of.ts';
import { Installed } from '../push/installed.ts';
import { figureOf } from '../report/figure.ts';
import type { Figure } from '../report/result.ts';
import { median } from '../statistics/median.ts';
import { Rounds, type Variant } from '../statistics/rounds.ts';
import type { Suite } from './suite.ts';

const bytes = 1_024;
const empty = 'empty';

/** How long a push takes to be accepted, durably, by a relay whose journal holds many already, against an empty one. */
export const growth: Suite = async ({ quick, tell }) => {
  const sizes = quick ? [1_000, 100_000] : [1_000, 100_000, 1_000_000];
  await using owner = new AsyncDisposableStack();
  const variants: Variant[] = [];
  for (const earlier of [0, ...sizes]) {
    tell(`${earlier} pushes`);
    const installed = owner.use(await Installed.start({ journal: 'sqlite', earlier }));
    await installed.join(1);
    await installed.prove(bytes, 1);
    variants.push(async () => {
      const { times } = await installed.sender.ask('acceptances', { bytes, count: 300 }, TimesSchema);
      return { [earlier === 0 ? empty : String(earlier)]: median(times) };
    });
  }
  tell('accepting');
  await Rounds.run(variants, { fewest: quick ? 4 : 12, most: quick ? 4 : 12 });
  const rounds = await Rounds.run(variants, {
    fewest: quick ? 5 : 9,
    most: quick ? 7 : 25,
    until: sizes.map((size) => [String(size), empty] as const),
  });
  const figures = sizes.map((size): Figure =>
    size === 1_000_000
      ? figureOf('growth.accept', rounds.ratio(String(size), empty), { bar: { atMost: 1.2 } })
      : figureOf(`growth.accept.${size}`, rounds.ratio(String(size), empty)),
  );
  return { figures, details: rounds.summary() };
};
