import { setTimeout as pause } from 'node:timers/promises';
import type { Static } from 'typebox';

import type { Participant } from '../participants/participant.ts';
import { TrafficSchema } from '../participants/traffic.ts';
import { CpuSchema, MemorySchema } from '../participants/usage.ts';
import { Anchor } from '../push/anchor.ts';
import { Installed } from '../push/installed.ts';
import { figureOf, worstOf } from '../report/figure.ts';
import { Rounds, type Variant } from '../statistics/rounds.ts';
import type { Suite } from './suite.ts';

/** In full long enough for Socket.IO's own heartbeats, of 25 s, to be in it as often as they are. */
const idleMs = { full: 50_000, quick: 15_000 };

const connections = ['runtime', 'connection'] as const;
type Connection = (typeof connections)[number];

/**
 * What one more idle runtime costs the relay in memory, against one more idle Socket.IO connection, and what a server full
 * of idle ones costs of a processor and of a network. Each round fills two fresh servers and leaves both alone; the first
 * connections, which load what all share, are not counted in memory.
 */
export const memory: Suite = async ({ quick, tell }) => {
  const first = 50;
  const more = quick ? 300 : 1_000;
  const all = first + more;
  const filled = async (
    name: Connection,
    server: Participant,
    connect: (count: number) => Promise<void>,
  ): Promise<Record<string, number>> => {
    tell(`${all} of ${name}`);
    await connect(first);
    const before = await server.ask('memory', {}, MemorySchema);
    await connect(more);
    const after = await server.ask('memory', {}, MemorySchema);
    return {
      [`${name}, bytes`]: (heldOf(after) - heldOf(before)) / more,
      [`${name}, bytes of rss`]: (after.rss - before.rss) / more,
    };
  };
  const round: Variant = async () => {
    await using owner = new AsyncDisposableStack();
    const installed = owner.use(await Installed.start({ relayFlags: ['--expose-gc'] }));
    const anchor = owner.use(await Anchor.start('a.b.c', ['--expose-gc']));
    const held = {
      ...(await filled('runtime', installed.relay, (count) => installed.join(count))),
      ...(await filled('connection', anchor.server, (count) => anchor.receivers(count))),
    };
    tell('idle');
    const servers: Readonly<Record<Connection, Participant>> = {
      runtime: installed.relay,
      connection: anchor.server,
    };
    const idle = await Promise.all(
      connections.map((name) => idleOf(name, servers[name], quick ? idleMs.quick : idleMs.full, all)),
    );
    return idle.reduce((known, one) => ({ ...known, ...one }), held);
  };
  const count = quick ? 1 : 3;
  const rounds = await Rounds.run([round], { fewest: count, most: count });
  return {
    figures: [
      figureOf('memory.idle', rounds.ratio('runtime, bytes', 'connection, bytes')),
      figureOf('memory.idle.rss', rounds.ratio('runtime, bytes of rss', 'connection, bytes of rss')),
      worstOf('cpu.idle', rounds.values('runtime, idle, % of a core'), {
        unit: '%',
        note: `of a core, ${all} runtimes`,
      }),
    ],
    details: { ...rounds.summary(), 'connections of each': all },
  };
};

/** What a server costs while nothing happens, and what goes over its sockets for each of those that are connected. */
const idleOf = async (
  name: Connection,
  server: Participant,
  forMs: number,
  connected: number,
): Promise<Record<string, number>> => {
  const before = await usageOf(server);
  const began = performance.now();
  await pause(forMs);
  const after = await usageOf(server);
  const ms = performance.now() - began;
  return {
    [`${name}, idle, % of a core`]: (after.micros - before.micros) / ms / 10,
    [`${name}, idle, bytes a second`]: ((after.bytes - before.bytes) * 1000) / ms / connected,
  };
};

const usageOf = async (server: Participant): Promise<{ micros: number; bytes: number }> => {
  const { micros } = await server.ask('cpu', {}, CpuSchema);
  const { read, written } = await server.ask('traffic', {}, TrafficSchema);
  return { micros, bytes: read + written };
};

/** Node counts what buffers hold apart from the heap. */
const heldOf = ({ heapUsed, external }: Static<typeof MemorySchema>): number => heapUsed + external;
