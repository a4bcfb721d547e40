import type { Static } from 'typebox';

import type { Participant } from '../participants/participant.ts';
import { MemorySchema } from '../participants/usage.ts';
import { Anchor } from '../push/anchor.ts';
import { Installed } from '../push/installed.ts';
import { figureOf } from '../report/figure.ts';
import { Rounds, type Variant } from '../statistics/rounds.ts';
import type { Suite } from './suite.ts';

/**
 * What one more idle runtime costs the relay in memory, against one more idle Socket.IO connection. Each round fills two
 * fresh servers; the first connections, which load what all share, are not counted.
 */
export const memory: Suite = async ({ quick, tell }) => {
  const first = 50;
  const more = quick ? 300 : 1_000;
  const perConnection = async (
    server: Participant,
    connect: (count: number) => Promise<void>,
  ): Promise<{ heap: number; rss: number }> => {
    await connect(first);
    const before = await server.ask('memory', {}, MemorySchema);
    await connect(more);
    const after = await server.ask('memory', {}, MemorySchema);
    return { heap: (heldOf(after) - heldOf(before)) / more, rss: (after.rss - before.rss) / more };
  };
  const variants: Variant[] = [
    async () => {
      tell(`${more} runtimes`);
      await using installed = await Installed.start({ relayFlags: ['--expose-gc'] });
      const { heap, rss } = await perConnection(installed.relay, (count) => installed.join(count));
      return { 'runtime, bytes': heap, 'runtime, bytes of rss': rss };
    },
    async () => {
      tell(`${more} connections`);
      await using anchor = await Anchor.start('a.b.c', ['--expose-gc']);
      const { heap, rss } = await perConnection(anchor.server, (count) => anchor.receivers(count));
      return { 'connection, bytes': heap, 'connection, bytes of rss': rss };
    },
  ];
  const count = quick ? 1 : 3;
  const rounds = await Rounds.run(variants, { fewest: count, most: count });
  return {
    figures: [
      figureOf('memory.idle', rounds.ratio('runtime, bytes', 'connection, bytes'), { bar: { atMost: 1.3 } }),
      figureOf('memory.idle.rss', rounds.ratio('runtime, bytes of rss', 'connection, bytes of rss')),
    ],
    details: rounds.summary(),
  };
};

/** Node counts what buffers hold apart from the heap. */
const heldOf = ({ heapUsed, external }: Static<typeof MemorySchema>): number => heapUsed + external;
