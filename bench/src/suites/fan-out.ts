import type { Participant } from '../participants/participant.ts';
import type { RivalName } from '../participants/rival-client.ts';
import { CpuSchema } from '../participants/usage.ts';
import { Anchor } from '../push/anchor.ts';
import { asSent, Installed } from '../push/installed.ts';
import { Rival } from '../push/rival.ts';
import { asSpeed, figureOf } from '../report/figure.ts';
import type { Figure } from '../report/result.ts';
import { median } from '../statistics/median.ts';
import { Rounds, type Variant } from '../statistics/rounds.ts';
import type { Suite } from './suite.ts';

const bytes = 1_024;
const sizes = [
  { recipients: 10, count: 60, part: 0.1, isQuick: true },
  { recipients: 100, count: 15, part: 0.15, isQuick: false },
  { recipients: 1_000, count: 4, part: 0.35, isQuick: true },
  { recipients: 5_000, count: 1, part: 0.25, isQuick: false },
];
const rivalNames: readonly RivalName[] = ['ws', 'nats', 'redis'];

/**
 * One push to many, on the disk before it is emitted, until each has confirmed both stages, against Socket.IO's own
 * broadcast with acknowledgement, and against what else one might broadcast by. The receivers of each are Node, a thousand
 * to a process, whose verifying is inside the time.
 */
export const fanOut: Suite = async ({ quick, tell, within }) => {
  const figures: Figure[] = [];
  const details: Record<string, unknown> = {};
  await using owner = new AsyncDisposableStack();
  const installed = owner.use(await Installed.start({ journal: { kind: 'sqlite' } }));
  await installed.join(1);
  const { acceptance } = (await installed.prove(bytes, 1)).pushData;
  const anchor = owner.use(await Anchor.start(acceptance));
  const rivals: Rival[] = [];
  // Brokers take longer than all else here, and nothing is asked of them.
  if (quick) details['without ws, nats and redis'] = '--quick';
  for (const name of quick ? [] : rivalNames) {
    const whyNot = Rival.whyNot(name);
    if (whyNot === undefined) rivals.push(owner.use(await Rival.start(name, acceptance)));
    else {
      tell(`without ${name}: ${whyNot}`);
      details[`without ${name}`] = whyNot;
    }
  }
  let joined = 1;
  let received = 0;
  for (const { recipients, count, part } of quick ? sizes.filter(({ isQuick }) => isQuick) : sizes) {
    tell(`${recipients} recipients join`);
    await installed.join(recipients - joined);
    const more = recipients - received;
    for (const one of [anchor, ...rivals]) await one.receivers(more);
    joined = recipients;
    received = recipients;
    tell(`to ${recipients} recipients`);
    const envelope = asSent(await installed.prove(bytes, recipients));
    const order = { envelope, count, answers: recipients };
    const deliveries = recipients * count;
    const variantOf =
      (name: string, server: Participant, run: () => Promise<number[]>): Variant =>
      async () => {
        const { value, cpu } = await withCpu(server, run);
        return { [name]: median(value), [cpuOf(name)]: cpu / deliveries };
      };
    const bothOf = (name: string, server: Participant, run: (signed: boolean) => Promise<number[]>) => [
      variantOf(name, server, () => run(false)),
      variantOf(`${name} signed`, server, () => run(true)),
    ];
    const variants: Variant[] = [
      variantOf('push', installed.relay, () => installed.sequence({ bytes, count, recipients })),
      ...bothOf('broadcast', anchor.server, (signed) =>
        anchor.sequence({ ...order, signed, event: 'fan-out' }),
      ),
      ...rivals.flatMap((rival) =>
        bothOf(rival.name, rival.server, (signed) => rival.sequence({ ...order, signed })),
      ),
    ];
    const warming = quick || recipients > 1_000 ? 2 : 5;
    await Rounds.run(variants, { fewest: warming, most: warming });
    const rounds = await Rounds.run(variants, {
      fewest: quick ? 3 : 7,
      most: quick ? 4 : 15,
      withinMs: within(part),
      until: [['push', 'broadcast signed']],
    });
    const speed = (anchorName: string) => asSpeed(rounds.ratio('push', anchorName));
    const cpu = (anchorName: string) => rounds.ratio(cpuOf('push'), cpuOf(anchorName));
    figures.push(
      figureOf(`fanout.${recipients}`, speed('broadcast signed'), {
        bare: speed('broadcast'),
      }),
      figureOf(recipients === 1_000 ? 'fanout.cpu' : `fanout.cpu.${recipients}`, cpu('broadcast signed'), {
        bare: cpu('broadcast'),
      }),
      ...rivals.map(({ name }) =>
        figureOf(`fanout.${recipients}.${name}`, speed(`${name} signed`), {
          bare: speed(name),
          note: `deliveries a second against ${name}`,
        }),
      ),
    );
    details[`${recipients} recipients`] = rounds.summary();
  }
  return { figures, details };
};

/** Microseconds of the server's processor time for each delivery. */
const cpuOf = (name: string): string => `${name}, µs of server per delivery`;

const withCpu = async <Value>(
  server: Participant,
  work: () => Promise<Value>,
): Promise<{ value: Value; cpu: number }> => {
  const before = await server.ask('cpu', {}, CpuSchema);
  const value = await work();
  const after = await server.ask('cpu', {}, CpuSchema);
  return { value, cpu: after.micros - before.micros };
};
