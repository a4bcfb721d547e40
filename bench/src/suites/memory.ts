import { setTimeout as pause } from 'node:timers/promises';
import type { Static } from 'typebox';

import type { Participant } from '../participants/participant.ts';
import { CpuSchema, MemorySchema } from '../participants/usage.ts';
import { Anchor } from '../push/anchor.ts';
import { Installed } from '../push/installed.ts';
import { figureOf, worstOf } from '../report/figure.ts';
import { Rounds, type Variant } from '../statistics/rounds.ts';
import type { Suite } from './suite.ts';

/** Long enough for Socket.IO's own heartbeats, of 25 s, to be in it as often as they are. */
const idleMs = 50_000;

/**
 * What one more idle runtime costs the relay in memory, against one more idle Socket.IO connection, and what a relay full of
 * idle runtimes costs of a processor. Each round fills two fresh servers; the first connections, which load what all share,
 * are not counted in memory.
 */
export const memory: Suite = async ({ quick, tell }) => {
  const first = 50;
  const more = quick ? 300 : 1_000;
  const perConnection = async (
    server: Participant,
    connect: (count: number) => Promise<void>,
  ): Promise<{ heap: number; rss: number; idlePercent: number }> => {
    await connect(first);
    const before = await server.ask('memory', {}, MemorySchema);
    await connect(more);
    const after = await server.ask('memory', {}, MemorySchema);
    const idlePercent = await idlePercentOf(server, quick ? idleMs / 5 : idleMs);
    return {
      heap: (heldOf(after) - heldOf(before)) / more,
      rss: (after.rss - before.rss) / more,
      idlePercent,
    };
  };
  const variants: Variant[] = [
    async () => {
      tell(`${more} runtimes`);
      await using installed = await Installed.start({ relayFlags: ['--expose-gc'] });
      const { heap, rss, idlePercent } = await perConnection(installed.relay, (count) =>
        installed.join(count),
      );
      return {
        'runtime, bytes': heap,
        'runtime, bytes of rss': rss,
        'relay idle, % of a core': idlePercent,
      };
    },
    async () => {
      tell(`${more} connections`);
      await using anchor = await Anchor.start('a.b.c', ['--expose-gc']);
      const { heap, rss, idlePercent } = await perConnection(anchor.server, (count) =>
        anchor.receivers(count),
      );
      return {
        'connection, bytes': heap,
        'connection, bytes of rss': rss,
        'Socket.IO idle, % of a core': idlePercent,
      };
    },
  ];
  const count = quick ? 1 : 3;
  const rounds = await Rounds.run(variants, { fewest: count, most: count });
  return {
    figures: [
      figureOf('memory.idle', rounds.ratio('runtime, bytes', 'connection, bytes'), { bar: { atMost: 1.3 } }),
      figureOf('memory.idle.rss', rounds.ratio('runtime, bytes of rss', 'connection, bytes of rss')),
      worstOf('cpu.idle', rounds.values('relay idle, % of a core'), {
        bar: { atMost: 2 },
        unit: '%',
        note: `of a core, ${first + more} runtimes`,
      }),
    ],
    details: rounds.summary(),
  };
};

const idlePercentOf = async (server: Participant, forMs: number): Promise<number> => {
  const before = await server.ask('cpu', {}, CpuSchema);
  const began = performance.now();
  await pause(forMs);
  const after = await server.ask('cpu', {}, CpuSchema);
  return (after.micros - before.micros) / (performance.now() - began) / 10;
};

/** Node counts what buffers hold apart from the heap. */
const heldOf = ({ heapUsed, external }: Static<typeof MemorySchema>): number => heapUsed + external;
