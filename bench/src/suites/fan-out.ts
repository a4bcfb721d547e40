import { CpuSchema } from '../participants/usage.ts';
import type { Participant } from '../participants/participant.ts';
import { TimesSchema } from '../participants/times-of.ts';
import { Anchor } from '../push/anchor.ts';
import { asSent, Installed } from '../push/installed.ts';
import { asSpeed, figureOf } from '../report/figure.ts';
import type { Figure } from '../report/result.ts';
import { median } from '../statistics/median.ts';
import { Rounds, type Variant } from '../statistics/rounds.ts';
import type { Suite } from './suite.ts';

const bytes = 1_024;
const sizes = [
  { recipients: 10, count: 60 },
  { recipients: 100, count: 15 },
  { recipients: 1_000, count: 4 },
];

/**
 * One push to many, on the disk before it is emitted, until each has confirmed both stages, against Socket.IO's own broadcast with acknowledgement. The
 * receivers of either are Node in one process, whose verifying is inside the time.
 */
export const fanOut: Suite = async ({ quick, tell }) => {
  const figures: Figure[] = [];
  const details: Record<string, unknown> = {};
  await using installed = await Installed.start({ journal: 'sqlite' });
  await installed.join(1);
  const delivered = await installed.prove(bytes, 1);
  await using anchor = await Anchor.start(delivered.pushData.acceptance);
  const envelope = asSent(delivered);
  let joined = 1;
  let received = 0;
  for (const { recipients, count } of sizes) {
    tell(`${recipients} recipients`);
    await installed.join(recipients - joined);
    await anchor.receivers(recipients - received);
    joined = recipients;
    received = recipients;
    const deliveries = recipients * count;
    const broadcast =
      (name: string, signed: boolean): Variant =>
      async () => {
        const order = { event: 'fan-out', signed, envelope, count, answers: recipients } as const;
        const { value, cpu } = await withCpu(anchor.server, () => anchor.sequence(order));
        return { [name]: median(value), [`${name}, µs of server per delivery`]: cpu / deliveries };
      };
    const variants: Variant[] = [
      async () => {
        const order = { bytes, count, recipients };
        const { value, cpu } = await withCpu(installed.relay, () =>
          installed.sender.ask('sequence', order, TimesSchema),
        );
        return { push: median(value.times), 'push, µs of server per delivery': cpu / deliveries };
      },
      broadcast('broadcast', false),
      broadcast('broadcast signed', true),
    ];
    await Rounds.run(variants, { fewest: quick ? 2 : 5, most: quick ? 2 : 5 });
    const rounds = await Rounds.run(variants, {
      fewest: quick ? 3 : 7,
      most: quick ? 4 : 15,
      until: [['push', 'broadcast signed']],
    });
    const cpuRatio = (anchorName: string) =>
      rounds.ratio('push, µs of server per delivery', `${anchorName}, µs of server per delivery`);
    const isAsked = recipients === 1_000;
    figures.push(
      figureOf(`fanout.${recipients}`, asSpeed(rounds.ratio('push', 'broadcast signed')), {
        bare: asSpeed(rounds.ratio('push', 'broadcast')),
        ...(isAsked ? { bar: { atLeast: 0.75 } } : {}),
      }),
      figureOf(isAsked ? 'fanout.cpu' : `fanout.cpu.${recipients}`, cpuRatio('broadcast signed'), {
        bare: cpuRatio('broadcast'),
        ...(isAsked ? { bar: { atMost: 1.35 } } : {}),
      }),
    );
    details[`${recipients} recipients, ms`] = rounds.summary();
  }
  return { figures, details };
};

const withCpu = async <Value>(
  server: Participant,
  work: () => Promise<Value>,
): Promise<{ value: Value; cpu: number }> => {
  const before = await server.ask('cpu', {}, CpuSchema);
  const value = await work();
  const after = await server.ask('cpu', {}, CpuSchema);
  return { value, cpu: after.micros - before.micros };
};
